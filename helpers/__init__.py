"""What stands behind the chapters of The Ideal Pomeranian. Importing it defines names and does nothing else.

Data flows one way: weights → networks; objectives, parameterizations and transforms; ascent → Result → display.
"""

import types

from .answers import Unwritten, Wrong, as_answer, try_answer
from .ascent import ascend
from .atlas.cluster import local_cluster, on_dask
from .atlas.plan import Batch, Piece, Recipe, draw_batch, fingerprint, plan
from .atlas.render import Report, one_by_one, render
from .atlas.stored import Atlas, Entry, load_atlas
from .basics.files import WeightsCorrupt
from .basics.gradients import gradient
from .basics.images import check_images, load_photo
from .basics.intervals import bootstrap, wilson
from .basics.settings import about, is_fast, is_quiet, pace
from .dream.deep_dream import deep_dream, dream_film, guided
from .dream.octaves import MeanStep, octave_sizes
from .dream.poster import enlarge, poster
from .dream.tiles import Tiles
from .explorer import explore
from .judge import Opinion, second_opinion
from .networks.classes import NoClassifier
from .networks.download import WeightsUnavailable
from .networks.ensemble import together
from .networks.load import load_network
from .networks.network import Network
from .objectives import (
    Bound,
    Objective,
    channel,
    class_logit,
    class_margin,
    class_probability,
    direction,
    layer,
    per_image,
    unit,
)
from .parameterizations import Fourier, Pixels
from .recipes import develop, maximal_class_input, visualize, zoom_film
from .result import Result, load_result
from .running.stop import last_result
from .running.watch import NotFinite
from .show.figures import Shown, show_images, show_text, thumbnail
from .show.films import save_film, save_gif
from .show.pictures import save_png
from .show.player import player
from .show.plots import new_figure, power_spectrum, show_plot, show_spectrum
from .show.sliders import slider_grid
from .show.tables import show_table
from .styles import STYLES, Style
from .transforms import (
    blur,
    clip,
    flip,
    jitter,
    min_max,
    noise,
    normalize,
    pad,
    random_affine,
    random_blur,
    rotate,
    scale,
    zoom,
)

# Every name above, but not the modules that importing them leaves here.
__all__ = sorted(k for k, v in globals().items() if k[0] != "_" and not isinstance(v, types.ModuleType))
