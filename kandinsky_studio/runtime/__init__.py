"""Which PyTorch the program computes with: the one of its environment, or that of a runtime pack beside a built program.

Below everything that computes and shows: only the standard library, the paths and the errors are imported here, so that
a pack is attached before anything asks for PyTorch.
"""

from kandinsky_studio.runtime.attaching import Attached as Attached
from kandinsky_studio.runtime.attaching import attach as attach
from kandinsky_studio.runtime.attaching import attached as attached
from kandinsky_studio.runtime.attaching import check_there as check_there
