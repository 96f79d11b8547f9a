import torch
from tiny_model import tiny_model

model = tiny_model()
tokens = torch.tensor([[3, 14, 15, 9, 26]])
answer, foil = 7, 8
kept = {}


def keep(name):
    def hook(_module, _inputs, out):
        kept[name] = out.detach()

    return hook


for i, block in enumerate(model.blocks):
    block.attn.heads_out.register_forward_hook(keep(f"heads{i}"))
    block.mlp.register_forward_hook(keep(f"mlp{i}"))
    block.register_forward_hook(keep(f"residual{i}"))
logits = model(tokens)[0, -1]

# The direction that the final residual stream is read along, with the normalization's scale held fixed.
final = kept["residual3"][0, -1]
scale = (final.var(unbiased=False) + model.ln_final.eps).sqrt()
direction = (model.unembed.weight[answer] - model.unembed.weight[foil]) * model.ln_final.weight
offset = (model.unembed.weight[answer] - model.unembed.weight[foil]) @ model.ln_final.bias


def contribution(vector):
    return ((vector - vector.mean()) / scale @ direction).item()


scores = {"embedding": contribution(model.embed(tokens)[0, -1] + model.pos.weight[4])}
for i, block in enumerate(model.blocks):
    by_head = block.attn.out.weight.view(32, 4, 8)  # W_O, cut into one slice for each head
    for head in range(4):
        scores[f"head {i}.{head}"] = contribution(by_head[:, head] @ kept[f"heads{i}"][0, -1, head])
    scores[f"attention bias {i}"] = contribution(block.attn.out.bias)
    scores[f"mlp {i}"] = contribution(kept[f"mlp{i}"][0, -1])
print(sorted(scores.items(), key=lambda item: -abs(item[1]))[:5])
assert abs(sum(scores.values()) + offset - (logits[answer] - logits[foil])) < 1e-3  # the parts add up to the whole
