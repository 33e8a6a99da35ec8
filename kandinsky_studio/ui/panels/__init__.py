"""The panels around the canvas.

To add one: a file here with a :class:`~kandinsky_studio.ui.panel.Panel`, and one line in ``PANELS``. It gets a dock, a
place in the saved layout and a line in the View menu by itself. Panels do not import one another: what they share
is a service of ``app``.
"""

from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.panels.colours import ColoursPanel
from kandinsky_studio.ui.panels.gallery import GalleryPanel
from kandinsky_studio.ui.panels.handbook import HandbookPanel
from kandinsky_studio.ui.panels.ideas import IdeasPanel
from kandinsky_studio.ui.panels.layers import LayersPanel
from kandinsky_studio.ui.panels.mix import MixPanel
from kandinsky_studio.ui.panels.pad import PadPanel
from kandinsky_studio.ui.panels.prompt import PromptPanel
from kandinsky_studio.ui.panels.queue import QueuePanel
from kandinsky_studio.ui.panels.steps import StepsPanel
from kandinsky_studio.ui.panels.strip import StripPanel
from kandinsky_studio.ui.panels.words import WordsPanel

PANELS: tuple[type[Panel], ...] = (
    PromptPanel,
    LayersPanel,
    MixPanel,
    IdeasPanel,
    WordsPanel,
    HandbookPanel,
    PadPanel,
    ColoursPanel,
    StepsPanel,
    GalleryPanel,
    QueuePanel,
    StripPanel,
)
