import torch
from tiny_model import tiny_model

model = tiny_model()
clean, corrupted = torch.tensor([[3, 14, 15, 9, 26]]), torch.tensor([[3, 41, 15, 9, 26]])
answer, foil = 7, 8
parts = {f"{kind}{i}": getattr(block, kind) for i, block in enumerate(model.blocks) for kind in ("attn", "mlp")}


def run(tokens, patches):
    outputs = {}

    def hook_for(name):
        def hook(_module, _inputs, out):
            outputs[name] = patches.get(name, out)
            return outputs[name]

        return hook

    hooks = [part.register_forward_hook(hook_for(name)) for name, part in parts.items()]
    logits = model(tokens)[0, -1]
    for hook in hooks:
        hook.remove()
    return (logits[answer] - logits[foil]).item(), outputs


corrupted_out = run(corrupted, {})[1]


def metric(circuit):
    """The behaviour when only the circuit keeps its clean value and the rest gets the corrupted run's."""
    return run(clean, {name: out for name, out in corrupted_out.items() if name not in circuit})[0]


full, empty = metric(set(parts)), metric(set())


def faithfulness(circuit):
    return (metric(circuit) - empty) / (full - empty)


circuit, ours, chance = [], 0.0, 0.0  # greedy: add the part that brings the behaviour nearest to the full model's
while len(circuit) < len(parts):
    rest = [name for name in parts if name not in circuit]
    circuit.append(min(rest, key=lambda name: abs(faithfulness({*circuit, name}) - 1)))
    size = len(circuit)
    random_sets = [[list(parts)[i] for i in torch.randperm(len(parts))[:size]] for _ in range(30)]
    gaps = sorted(abs(faithfulness(set(names)) - 1) for names in random_sets)
    gap = abs(faithfulness(set(circuit)) - 1)
    print(f"{size} parts: {gap:.2f} from faithful; a random set of this size: {gaps[15]:.2f}")
    ours, chance = ours + gap, chance + gaps[15]
assert ours < chance  # circuits that don't beat random sets of their size explain nothing
assert abs(faithfulness(set(parts)) - 1) < 1e-4 and abs(faithfulness(set())) < 1e-4
