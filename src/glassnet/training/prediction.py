"""A trained network as a function: images in, outputs out, without delay."""

from __future__ import annotations

from glassnet.arrays import Array, Images
from glassnet.engine import get_engine
from glassnet.errors import GlassnetError
from glassnet.network import Network


class Predictor:
    """A network's forward pass, made ready once: some millionths of a second for an image.

    It keeps the parameters that the network has now; training on changes nothing in it.

    Args:
        network: what predicts.
        engine: what computes it: native or textbook.

    Raises:
        GlassnetError: no network, or no such engine; when called, images that don't fit the network.

    >>> from glassnet.data import load
    >>> predictor = Predictor(Network("784-16-16-10", seed=0))
    >>> predictor(load("digits").test.images).shape
    (360, 10)
    """

    def __init__(self, network: Network, engine: str = "native") -> None:
        if not isinstance(network, Network):
            raise GlassnetError(f"{network!r} stands where a Network is wanted: Predictor(network)")
        self._network, self._engine = network.copy(), engine
        self._predict = get_engine(engine).predictor(self._network)

    def __reduce__(self) -> tuple[type[Predictor], tuple[Network, str]]:
        """What pickle takes with it: the network, which is laid out anew where it arrives."""
        return Predictor, (self._network, self._engine)

    def __call__(self, images: Images) -> Array:
        """Outputs (batch, n_out) of images (batch, …), uint8 pixels or floats."""
        return self._predict(images)
