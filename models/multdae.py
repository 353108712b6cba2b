"""Mult-DAE: a denoising autoencoder, multinomial likelihood (Liang et al., WWW 2018)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.adapter import tolerate
from bench.space import choice, log, number, space, whole

from .shared.autoencoder import Autoencoder, AutoencoderAdapter


@dataclass(kw_only=True)
class MultDAE(AutoencoderAdapter):
    """Without the variational part: the middle is one more tanh layer (section 2.2)."""

    search = space(
        hidden=choice((), (600,)),
        latent=choice(64, 100, 200, 400),
        dropout=number(0, 0.8),
        epochs=whole(10, 200, log=True),
        batch_size=choice(64, 125, 250, 500),
        learning_rate=log(3e-4, 1e-2),
        weight_decay=number(0, 0.5),
    )
    tolerances = tolerate("users", "items", hit_rate=0.05, why="it draws vectors in their order")

    def network(self, n_items: int, generator: torch.Generator) -> Autoencoder:
        """An untrained network."""
        return DenoisingAutoencoder(n_items, self.hidden, self.latent, self.latent, generator)


class DenoisingAutoencoder(Autoencoder):
    """What the way there finds goes back as it is."""

    def middle(
        self, states: Tensor, generator: torch.Generator | None, progress: float
    ) -> tuple[Tensor, None]:
        """tanh: [B, latent] -> [B, latent]; nothing is added to the loss."""
        return states.tanh(), None
