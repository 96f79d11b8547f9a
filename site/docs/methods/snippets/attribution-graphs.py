import torch
from tiny_model import SEED

torch.manual_seed(SEED)
width, features = 16, 40
# A replacement model of two layers: each MLP is stood in for by a transcoder, plus an error that it doesn't explain.
encoders, decoders = torch.randn(2, features, width) / 4, torch.randn(2, width, features) / 4
biases, errors = -0.2 * torch.rand(2, features), 0.1 * torch.randn(2, width)
embedding, answer_direction = torch.randn(width), torch.randn(width)

residual, active = embedding, []
for layer in range(2):
    active.append((encoders[layer] @ residual + biases[layer]).relu())
    residual = residual + decoders[layer] @ active[layer] + errors[layer]
logit = answer_direction @ residual

# Given which features are active, every step between them is linear: an edge is activation times virtual weight.
edges_into_second_layer = (encoders[1] @ decoders[0]) * active[0]  # (to, from)
edges_into_logit = torch.cat([(answer_direction @ decoders[layer]) * active[layer] for layer in range(2)])
embedding_edges, error_edges = encoders[1] @ embedding, encoders[1] @ errors[0]

preactivation = edges_into_second_layer.sum(1) + embedding_edges + error_edges + biases[1]
assert torch.allclose(preactivation.relu(), active[1], atol=1e-4)  # the edges explain every feature completely
assert torch.allclose(edges_into_logit.sum() + answer_direction @ (embedding + errors.sum(0)), logit, atol=1e-4)

# Prune: keep the strongest edges into the logit until they carry 80% of the total strength.
strength, order = edges_into_logit.abs().sort(descending=True)
kept = order[: int((strength.cumsum(0) / strength.sum() < 0.8).sum()) + 1]
print(f"{len(kept)} of {int((edges_into_logit != 0).sum())} active features carry 80% of what enters the logit")
assert 0 < len(kept) < 2 * features
assert strength[: len(kept)].sum() >= 0.8 * strength.sum()
