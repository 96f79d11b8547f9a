import torch
from tiny_model import tiny_model

model = tiny_model()


def states_of(tokens):
    states = []
    hooks = [block.register_forward_hook(lambda _m, _i, out: states.append(out[0])) for block in model.blocks]
    model(tokens)
    for hook in hooks:
        hook.remove()
    return states


def patchscope(source, source_layer, prompt, layer, position):
    """Put the last position's hidden state into another prompt's run, and give the next-token distribution there."""
    state = states_of(source)[source_layer][-1]

    def insert(_module, _inputs, out):
        out = out.clone()
        out[0, position] = state
        return out

    hook = model.blocks[layer].register_forward_hook(insert)
    logits = model(prompt)[0, -1]
    hook.remove()
    return logits.softmax(-1)


source = torch.tensor([[3, 14, 15, 9, 26]])
inspection_prompt = torch.tensor([[30, 31, 32, 33]])  # with a real model: "cat->cat; 135->135; hello->hello; x->"
for source_layer in range(4):
    reading = patchscope(source, source_layer, inspection_prompt, source_layer, 3)
    print(source_layer, "reads as", reading.topk(3).indices.tolist())

# Put back where it came from, nothing changes: the patch itself is harmless.
assert torch.allclose(patchscope(source, 1, source, 1, 4), model(source)[0, -1].softmax(-1), atol=1e-5)
# Put in after the last layer, the Patchscope is the logit lens.
lens = model.unembed(model.ln_final(states_of(source)[1][4])).softmax(-1)
assert torch.allclose(patchscope(source, 1, inspection_prompt, 3, 3), lens, atol=1e-5)
# The prompt matters too: the same state read through another prompt gives another answer.
other_prompt = torch.tensor([[40, 41, 42, 43]])
one, other = patchscope(source, 1, inspection_prompt, 1, 3), patchscope(source, 1, other_prompt, 1, 3)
assert not torch.allclose(one, other)
