import torch
from tiny_model import SEED, tiny_model
from torch import nn

vocabulary, half = 50, 12
torch.manual_seed(SEED)
first = torch.randperm(vocabulary)[:half]
tokens = torch.cat([first, first])  # a random sequence, twice: what follows can be known only by looking back


def induction_score(pattern):
    """Mean attention from each token of the second half to the token after its first occurrence."""
    return torch.stack([pattern[t, t - half + 1] for t in range(half, 2 * half)]).mean().item()


# 1. In a model: the score of every head. An untrained one has no induction heads.
model, patterns = tiny_model(), []
for block in model.blocks:
    block.attn.pattern.register_forward_hook(lambda _m, _i, out: patterns.append(out[0]))
model(tokens[None])
scores = torch.tensor([[induction_score(head) for head in layer] for layer in patterns])
print("highest score in the untrained model", scores.max().item())


# 2. An induction circuit made by hand: a previous-token head feeds a head that looks for "who came after me?".
def induction_circuit(previous_token_head=True):
    what = nn.functional.one_hot(tokens, vocabulary).float()
    before = torch.zeros_like(what)
    if previous_token_head:
        before[1:] = what[:-1]  # layer 1 writes "the token before me" into every position
    match = 20 * what @ before.T  # layer 2: query "my token", key "the token before you"
    future = torch.ones(2 * half, 2 * half, dtype=torch.bool).triu(1)
    pattern = match.masked_fill(future, float("-inf")).softmax(-1)
    return pattern, (pattern @ what).argmax(-1)  # its OV circuit copies the token that it looks at


pattern, prediction = induction_circuit()
assert induction_score(pattern) > 0.99 > scores.max()
assert (prediction[half:-1] == tokens[half + 1 :]).all()  # it continues the sequence without a mistake
assert induction_score(induction_circuit(previous_token_head=False)[0]) < 0.1  # it needs the first layer's head
