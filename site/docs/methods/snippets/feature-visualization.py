import torch
from tiny_model import SEED
from torch import nn

torch.manual_seed(SEED)
network = nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.Conv2d(8, 16, 5), nn.ReLU()).requires_grad_(False)
channel = 3


def activation(images):
    return network(images)[:, channel].mean((1, 2))  # how strongly the channel responds, on average over the image


def normalize(images):
    return images / images.flatten(1).norm(dim=1).view(-1, 1, 1, 1) * 10  # the same energy for every image


natural = normalize(torch.randn(1000, 1, 16, 16))  # stands for a data set
image = natural[:1].clone().requires_grad_()
optimizer = torch.optim.Adam([image], lr=0.05)
for _ in range(200):
    shift = torch.randint(-2, 3, (2,)).tolist()  # jitter: a small transformation each step, against noise patterns
    moved = torch.roll(normalize(image), shift, dims=(2, 3))
    roughness = (moved[..., 1:] - moved[..., :-1]).pow(2).mean()  # a regularizer that asks for smooth images
    loss = -activation(moved).mean() + 1e-4 * roughness
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

reached = activation(normalize(image.detach())).item()
print(f"optimized image: {reached:.3f}; best of 1,000 samples: {activation(natural).max():.3f}")
assert reached > activation(natural).max()  # an extreme that no sample comes near: a hint, not the usual case
