import torch
from tiny_model import tiny_model

model = tiny_model()
clean, corrupted = torch.tensor([[3, 14, 15, 9, 26]]), torch.tensor([[3, 41, 15, 9, 26]])
parts = {f"{kind}{i}": getattr(block, kind) for i, block in enumerate(model.blocks) for kind in ("attn", "mlp")}


def run(tokens, patches):
    outputs = {}

    def hook_for(name):
        def hook(_module, _inputs, out):
            outputs[name] = patches.get(name, out)
            return outputs[name]

        return hook

    hooks = [part.register_forward_hook(hook_for(name)) for name, part in parts.items()]
    log_probabilities = model(tokens)[0, -1].log_softmax(-1)
    for hook in hooks:
        hook.remove()
    return log_probabilities, outputs


target, _ = run(clean, {})
_, corrupted_out = run(corrupted, {})


def divergence(removed):
    """KL divergence from the full model when the removed parts get their value from the corrupted run."""
    result, _ = run(clean, {name: corrupted_out[name] for name in removed})
    return (target.exp() * (target - result)).sum().item()


def discover(threshold):
    """ACDC on nodes: from the output backwards, drop every part whose removal costs less than the threshold."""
    removed = set()
    for name in reversed(parts):
        if divergence(removed | {name}) - divergence(removed) < threshold:
            removed.add(name)
    return [name for name in parts if name not in removed], divergence(removed)


for threshold in (0.001, 0.01, 0.1):
    print(threshold, *discover(threshold))
    assert discover(threshold)[1] <= threshold * len(parts)  # the losses add up to no more than this
assert discover(float("inf"))[0] == []  # with no demand on faithfulness, nothing is kept
