import torch
from tiny_model import tiny_model

model, layer = tiny_model(), 1
with_concept = torch.randint(0, 10, (200, 8))  # prompts about tokens 0 to 9 ...
without = torch.randint(10, 50, (200, 8))  # ... and prompts about other things
neutral = torch.randint(0, 50, (200, 8))


def run(tokens, vector=None):
    """Last-token logits and the state after the layer, with a vector added to every position if there is one."""
    kept = []

    def hook_function(_module, _inputs, out):
        kept.append(out[:, -1])
        return out if vector is None else out + vector

    hook = model.blocks[layer].register_forward_hook(hook_function)
    logits = model(tokens)[:, -1]
    hook.remove()
    return logits, kept[0]


positive_logits, positive_states = run(with_concept)
negative_logits, negative_states = run(without)
vector = positive_states.mean(0) - negative_states.mean(0)  # difference in means
concept_readout = positive_logits.mean(0) - negative_logits.mean(0)  # how the output differs between the two sets


def shift(candidate):
    return ((run(neutral, candidate)[0] - run(neutral)[0]).mean(0) @ concept_readout).item()


for strength in (-2, -1, 0, 1, 2, 8):
    print(f"strength {strength}: output moves by {shift(strength * vector):.1f}")
assert shift(-vector) < 0 < shift(vector)
random_vectors = torch.nn.functional.normalize(torch.randn(50, len(vector)), dim=-1) * vector.norm()
better = sum(shift(candidate) >= shift(vector) for candidate in random_vectors)
print(f"{better} of 50 random vectors of the same length do as well")
assert better <= 2  # always compare with random directions of the same length
