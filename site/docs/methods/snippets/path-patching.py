import torch
from tiny_model import tiny_model

model = tiny_model()
clean, corrupted = torch.tensor([[3, 14, 15, 9, 26]]), torch.tensor([[3, 41, 15, 9, 26]])
parts = {f"{kind}{i}": getattr(block, kind) for i, block in enumerate(model.blocks) for kind in ("attn", "mlp")}


def run(tokens, patches):
    """Run with some parts' outputs replaced; give the logits and every part's output."""
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
    return logits, outputs


clean_logits, clean_out = run(clean, {})
_, corrupted_out = run(corrupted, {})


def effect(sender, receiver):
    """Change of the logits through the direct path from sender to receiver and everything after the receiver."""
    frozen = {name: out for name, out in clean_out.items() if name != receiver}
    _, outputs = run(clean, frozen | {sender: corrupted_out[sender]})  # only the receiver reacts
    logits, _ = run(clean, {receiver: outputs[receiver]})  # and only its reaction is passed on
    return (logits - clean_logits).norm().item()


for sender in ("attn0", "mlp0", "attn1"):
    print(sender, {receiver: round(effect(sender, receiver), 3) for receiver in ("mlp1", "attn2", "mlp3")})
assert effect("attn0", "mlp2") > 1e-3  # information moved by attention reaches a later MLP
assert effect("mlp2", "attn1") < 1e-5  # no path leads backwards
