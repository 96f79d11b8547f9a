import torch
from tiny_model import SEED, tiny_model

model = tiny_model()
torch.manual_seed(SEED + 1)
corpus = torch.randint(0, 50, (500, 8))
# A unit whose rule is known: it fires on tokens 0 to 9, and somewhat on 10 to 14.
strength = torch.zeros(50)
strength[:10], strength[10:15] = 1.0, 0.4
activations = strength[corpus] + 0.1 * torch.rand(500, 8)

# Explanations, as the simulated activation that a judge would predict for every token after reading them.
explanations = {
    "fires on tokens 0 to 9": lambda token: token < 10,
    "fires on tokens 0 to 4": lambda token: token < 5,  # what the top examples alone could suggest
    "fires on most tokens": lambda token: token < 40,
    "fires on even tokens": lambda token: token % 2 == 0,
}


def simulation_score(rule):
    """Correlation of simulated with real activations, as in OpenAI's explainer and simulator set-up."""
    return torch.corrcoef(torch.stack([rule(corpus).float().flatten(), activations.flatten()]))[0, 1].item()


def detection_score(rule, only_top=False):
    """Balanced accuracy at telling activating from non-activating tokens."""
    fires = activations > (0.9 if only_top else 0.2)
    says = rule(corpus)
    return ((says[fires].float().mean() + (~says)[~fires].float().mean()) / 2).item()


for text, rule in explanations.items():
    print(f"{text}: simulation {simulation_score(rule):.2f}, detection {detection_score(rule):.2f}")
scores = {text: simulation_score(rule) for text, rule in explanations.items()}
assert max(scores, key=scores.get) == "fires on tokens 0 to 9"
assert abs(scores["fires on even tokens"]) < 0.2  # a wrong label must score near zero, or the score is worthless
right = explanations["fires on tokens 0 to 9"]
assert detection_score(right, only_top=True) > detection_score(right)  # top examples flatter an incomplete label
