"""A small transformer with GPT-2's layout and random weights, so that every snippet of the guides runs in seconds."""

import torch
from torch import nn

SEED = 0


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.pattern = nn.Identity()  # hook here for attention weights: (batch, head, to, from)
        self.heads_out = nn.Identity()  # hook here for each head's output before W_O: (batch, position, head, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (part(x).view(batch, length, self.heads, -1).transpose(1, 2) for part in (self.q, self.k, self.v))
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        pattern = self.pattern(scores.masked_fill(future, float("-inf")).softmax(-1))
        return self.out(self.heads_out((pattern @ v).transpose(1, 2)).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class TinyTransformer(nn.Module):
    def __init__(self, layers=4, width=32, heads=4, vocab=50, length=32):
        super().__init__()
        self.embed, self.pos = nn.Embedding(vocab, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_final, self.unembed = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)

    def forward(self, tokens):
        x = self.embed(tokens) + self.pos(torch.arange(tokens.shape[-1]))
        for block in self.blocks:
            x = block(x)
        return self.unembed(self.ln_final(x))


def tiny_model(**sizes):
    torch.manual_seed(SEED)
    model = TinyTransformer(**sizes)
    for weight in model.parameters():  # larger weights than PyTorch's default, so that every part has a visible effect
        if weight.dim() == 2:
            nn.init.normal_(weight, std=1.5 / weight.shape[1] ** 0.5)
    return model.eval().requires_grad_(False)
