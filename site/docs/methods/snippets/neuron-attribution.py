import torch
from tiny_model import tiny_model

model = tiny_model()
tokens = torch.tensor([[3, 14, 15, 9, 26]])
layer, answer, foil = 2, 7, 8
mlp = model.blocks[layer].mlp
kept = {}
hooks = [
    mlp[1].register_forward_hook(lambda _m, _i, out: kept.update(neurons=out[0, -1])),
    mlp.register_forward_hook(lambda _m, _i, out: kept.update(mlp=out[0, -1])),
]
model(tokens)
for hook in hooks:
    hook.remove()
direction = model.unembed.weight[answer] - model.unembed.weight[foil]

# Output side: an MLP's output is a sum of value vectors, each weighted by its neuron's activation.
direct = kept["neurons"] * (direction @ mlp[2].weight)
assert abs(direct.sum() + direction @ mlp[2].bias - direction @ kept["mlp"]) < 1e-3


def score(activations):
    """Logit difference when the neurons at the last position are set to the given activations."""

    def replace(_module, _inputs, out):
        return torch.cat([out[:, :-1], activations.view(1, 1, -1)], 1)

    hook = mlp[1].register_forward_hook(replace)
    logits = model(tokens)[0, -1]
    hook.remove()
    return logits[answer] - logits[foil]


# Total effect: integrated gradients from zero to the real activation, the score behind "knowledge neurons".
steps, gradients = 100, torch.zeros_like(kept["neurons"])
for step in range(steps):
    point = (kept["neurons"] * (step + 0.5) / steps).requires_grad_()
    gradients += torch.autograd.grad(score(point), point)[0] / steps
integrated = kept["neurons"] * gradients
difference = score(kept["neurons"]) - score(torch.zeros_like(kept["neurons"]))
print("top by direct score", direct.abs().topk(5).indices.tolist())
print("top by integrated gradients", integrated.abs().topk(5).indices.tolist())
assert abs(integrated.sum() - difference) < 0.02 * (1 + abs(difference))  # completeness: the shares add up
