import torch
from tiny_model import tiny_model
from torch import nn

model = tiny_model()
mlp, width, latents, k = model.blocks[1].mlp, 32, 256, 16
pairs = []
hook = mlp.register_forward_hook(lambda _m, inputs, out: pairs.append((inputs[0].flatten(0, 1), out.flatten(0, 1))))
model(torch.randint(0, 50, (1500, 8)))
hook.remove()
inputs, outputs = pairs[0]
train, test = slice(0, 10000), slice(10000, None)

encoder, decoder, skip = nn.Linear(width, latents), nn.Linear(latents, width), nn.Linear(width, width, bias=False)


def transcoder(x):
    """Imitate the MLP: sparse features of its input, read out as its output, plus a linear skip path."""
    codes = encoder(x).relu()
    values, indices = codes.topk(k)
    return decoder(torch.zeros_like(codes).scatter(-1, indices, values)) + skip(x)


def unexplained(part):
    error = (transcoder(inputs[part]) - outputs[part]).pow(2).sum()
    return (error / (outputs[part] - outputs[part].mean(0)).pow(2).sum()).item()


before = unexplained(test)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), *skip.parameters()], lr=3e-3)
for _ in range(400):
    rows = torch.randint(0, 10000, (512,))
    loss = (transcoder(inputs[rows]) - outputs[rows]).pow(2).sum(-1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"share of the MLP's output left unexplained: {before:.2f} before, {unexplained(test):.2f} after training")
assert unexplained(test) < 0.5 < before

# What a transcoder is for: weights from one layer's features to the next layer's, the same for every input.
later_encoder = torch.randn(latents, width)  # stands for the encoder of a transcoder two layers up
virtual_weights = later_encoder @ decoder.weight  # (later feature, earlier feature)
assert virtual_weights.shape == (latents, latents)
