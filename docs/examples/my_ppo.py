"""An algorithm of one's own: a subclass of one of Stable-Baselines3's."""

from stable_baselines3 import PPO


class MyPPO(PPO):
    """PPO that explores less from rollout to rollout."""

    def __init__(self, *args, fade: float = 0.9, **kwargs):
        super().__init__(*args, **{"ent_coef": 0.01, **kwargs})
        self.fade = fade

    def train(self):
        super().train()
        self.ent_coef *= self.fade
