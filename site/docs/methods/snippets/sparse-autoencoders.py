import torch
from tiny_model import SEED
from torch import nn

torch.manual_seed(SEED)
width, truth, latents, k = 16, 32, 48, 3
features = nn.functional.normalize(torch.randn(truth, width), dim=-1)  # more features than dimensions: superposition


def activations(n=512):
    """Each sample is a sparse sum of true features, as the linear representation hypothesis supposes."""
    active = torch.rand(n, truth) < k / truth
    return (active * (0.5 + torch.rand(n, truth))) @ features


class TopKSAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.decoder = nn.Parameter(nn.functional.normalize(torch.randn(latents, width), dim=-1))
        self.encoder = nn.Parameter(self.decoder.detach().clone())
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        codes = ((x - self.bias) @ self.encoder.T).relu()
        values, indices = codes.topk(k)
        codes = torch.zeros_like(codes).scatter(-1, indices, values)  # keep the k largest
        return codes @ self.decoder + self.bias, codes


sae = TopKSAE()
optimizer = torch.optim.Adam(sae.parameters(), lr=3e-3)
for _ in range(1500):
    batch = activations()
    loss = (sae(batch)[0] - batch).pow(2).sum(-1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

test = activations(4096)
reconstruction, codes = sae(test)
unexplained = ((reconstruction - test).pow(2).sum() / (test - test.mean(0)).pow(2).sum()).item()
similarity = features @ nn.functional.normalize(sae.decoder.detach(), dim=-1).T
best, chance = similarity.max(-1).values, (features @ features.T - 2 * torch.eye(truth)).max(-1).values
print(f"unexplained variance {unexplained:.2f}")
print(f"best cosine with a true feature {best.mean():.2f}, between two true features {chance.mean():.2f}")
assert (codes > 0).sum(-1).max() <= k and unexplained < 0.3
assert best.mean() > chance.mean() + 0.15  # it finds true features, though not each of them
