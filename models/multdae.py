"""Mult-DAE: a denoising autoencoder, multinomial likelihood (Liang et al., WWW 2018)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .shared.autoencoder import Autoencoder, AutoencoderAdapter


@dataclass(kw_only=True)
class MultDAE(AutoencoderAdapter):
    """Without the variational part: the middle is one more tanh layer (section 2.2)."""

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
