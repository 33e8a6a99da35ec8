"""What the commands for ideas do: preview them, draw a seed apart, let what is shown drift, make a style."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from kandinsky_studio.app.gallery import Item
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.engine.request import GenerationRequest
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.panels.ideas import DRIFT, PREVIEW, STYLES, IdeasPanel


class IdeaDeeds(QObject):
    """Connects the commands with the services. ``show`` brings the panel to the front, ``marked`` are the pictures that
    are marked in the gallery, ``commit`` takes the words as they are typed."""

    def __init__(
        self,
        studio: Studio,
        actions: Actions,
        panel: IdeasPanel,
        show: Callable[[], None],
        marked: Callable[[], list[Item]],
        commit: Callable[[], None],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._studio = studio
        self._actions = actions
        self._panel = panel
        self._show = show
        self._marked = marked
        self._commit = commit
        implement = actions.commands.implement
        self._of_ideas = [
            implement("generation.preview_ideas", self.preview),
            implement("generation.new_idea", self.new_idea),
            implement("generation.new_rendering", self.new_rendering),
            implement("generation.drift", self.drift),
            implement("generation.style_from_marked", self.style_from_marked),
        ]
        studio.model_chosen.connect(self.update_enabled)
        self.update_enabled()

    @Slot()
    def update_enabled(self) -> None:
        """Only with a model that has ideas."""
        for action in self._of_ideas:
            action.setEnabled(self._studio.ideas.able)

    def _open(self, part: int) -> None:
        self._show()
        self._panel.show_part(part)

    @Slot()
    def preview(self) -> None:
        """Draft several ideas of the words."""
        self._commit()
        self._open(PREVIEW)
        self._studio.ideas.preview()

    @Slot()
    def new_idea(self) -> None:
        """Make a picture of the words with another idea, with the rendering seed of the one that is shown."""
        self._commit()
        self._studio.ideas.new_idea(self._seen())
        self._generate()

    @Slot()
    def new_rendering(self) -> None:
        """Make a picture of the idea of the one that is shown, with another rendering seed."""
        self._commit()
        self._studio.ideas.new_rendering(self._seen())
        self._generate()

    def _generate(self) -> None:
        with self._studio.settings.held():
            self._actions.generate.trigger()

    def _seen(self) -> GenerationRequest | None:
        """What made the picture that is shown, if it was made from the words of now."""
        shown = self._studio.candidates.shown
        request = shown.result.request if shown is not None and shown.result is not None else None
        if request is None and self._studio.editor.sheet is None:
            request = self._studio.easel.request
        now = self._studio.settings.values
        same = request is not None and (request.prompt, request.model) == (now.prompt.strip(), now.model)
        return request if same else None

    @Slot()
    def drift(self) -> None:
        """Let what is shown drift."""
        self._open(DRIFT)
        self._studio.drift.take_shown()
        self._panel.focus_first()

    @Slot()
    def style_from_marked(self) -> None:
        """Lay the pictures that are marked in the gallery ready for a new style."""
        self._open(STYLES)
        for item in self._marked():
            if item.path is not None:
                self._studio.ingredients.file(item.path, self._studio.styles.add)
