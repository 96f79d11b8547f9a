import torch
from tiny_model import tiny_model

model = tiny_model()
clean, corrupted = torch.tensor([[3, 14, 15, 9, 26]]), torch.tensor([[3, 41, 15, 9, 26]])
answer, foil = 7, 8
parts = {f"{kind}{i}": getattr(block, kind) for i, block in enumerate(model.blocks) for kind in ("attn", "mlp")}


def run(tokens, patch=None):
    """Logit difference and every part's output; patch is (name, position, vector)."""
    outputs = {}

    def hook_for(name):
        def hook(_module, _inputs, out):
            out = out.detach().clone() if patch and patch[0] == name else out
            if patch and patch[0] == name:
                out[0, patch[1]] = patch[2]
            outputs[name] = out.requires_grad_() if not out.requires_grad else out
            return outputs[name]

        return hook

    hooks = [part.register_forward_hook(hook_for(name)) for name, part in parts.items()]
    logits = model(tokens)[0, -1]
    for hook in hooks:
        hook.remove()
    return logits[answer] - logits[foil], outputs


_, clean_out = run(clean)
score, corrupted_out = run(corrupted)
gradients = dict(zip(parts, torch.autograd.grad(score, [corrupted_out[name] for name in parts]), strict=True))
estimated, measured = [], []
for name in parts:
    for position in range(5):
        change = (clean_out[name] - corrupted_out[name])[0, position].detach()
        estimated.append((gradients[name][0, position] @ change).item())  # all of them from one backward pass
        measured.append((run(corrupted, (name, position, clean_out[name][0, position].detach()))[0] - score).item())
agreement = torch.corrcoef(torch.tensor([estimated, measured]))[0, 1].item()
print(f"correlation of the estimate with true patching: {agreement:.2f}")
assert 0.3 < agreement < 0.999  # useful for ranking, not exact
