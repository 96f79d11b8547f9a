import torch
from tiny_model import tiny_model
from torch import nn

model = tiny_model()
data = torch.randint(0, 50, (256, 8))
train, test = data[:192], data[192:]


def states_and_logits(tokens):
    states = []
    hooks = [block.register_forward_hook(lambda _m, _i, out: states.append(out)) for block in model.blocks]
    logits = model(tokens)
    for hook in hooks:
        hook.remove()
    return states, logits


def lens(state):
    return model.unembed(model.ln_final(state)).log_softmax(-1)


def divergence(final_logits, guess):
    final = final_logits.log_softmax(-1)
    return (final.exp() * (final - guess)).sum(-1).mean()


states, logits = states_and_logits(train)
test_states, test_logits = states_and_logits(test)
for layer in range(4):
    translator = nn.Linear(32, 32)  # the tuned lens: an affine map for each layer, started at the identity
    nn.init.eye_(translator.weight)
    nn.init.zeros_(translator.bias)
    optimizer = torch.optim.Adam(translator.parameters(), lr=0.01)
    for _ in range(100):
        loss = divergence(logits, lens(translator(states[layer])))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    plain = divergence(test_logits, lens(test_states[layer])).item()
    tuned = divergence(test_logits, lens(translator(test_states[layer]))).item()
    print(f"layer {layer}: logit lens {plain:.3f} nats from the output, tuned lens {tuned:.3f}")
    assert layer == 3 or tuned < plain
assert torch.allclose(lens(states[-1]), logits.log_softmax(-1), atol=1e-4)  # at the last layer the lens is the model
