"""The part of the ideas panel where ideas of one prompt are looked at side by side."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio.app.ideas import FEWEST, MOST, Draft, Kind
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions, hint
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.draft_grid import Cell, DraftGrid
from kandinsky_studio.ui.widgets.flow_row import FlowRow
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.slot import SmallPicture
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated


class IdeaPreview(Translated):
    """Shows the studio's :class:`~kandinsky_studio.app.ideas.Ideas`; it keeps nothing of its own."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("formBody")
        self._studio = studio
        self._actions = actions
        self.ideas = studio.ideas
        command = actions.commands.action
        self.unable, self.teaching, self.told = paragraph("warning"), paragraph("muted"), paragraph("muted")
        self.preview = QPushButton()
        self.count = LabelledSlider(theme, FEWEST, MOST, 6)
        self.grid = DraftGrid(theme)
        self.make, self.more, self.renderings = QPushButton(), QPushButton(), QPushButton()
        self.chosen = FlowRow(self.make, self.more, self.renderings)
        self.pinned = QWidget()
        self.pin_picture = SmallPicture(theme, "pin")
        self.pin_words = paragraph()
        self.unpin = IconButton(theme, "unlock", small=True)
        row = QHBoxLayout(self.pinned)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SMALL)
        row.addWidget(self.pin_picture)
        row.addWidget(self.pin_words, 1)
        row.addWidget(self.unpin)
        self.new_idea, self.new_rendering = QPushButton(), QPushButton()
        self._rolls: list[tuple[QPushButton, QAction]] = [
            (self.new_idea, command("generation.new_idea")),
            (self.new_rendering, command("generation.new_rendering")),
        ]
        self._heading = QLabel()
        self._heading.setObjectName("heading")
        self._rolling = FlowRow(self.new_idea, self.new_rendering)
        column = QVBoxLayout(self)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(MEDIUM)
        for part in (self.unable, self.teaching, self.preview, self.count, self.told, self.grid, self.chosen):
            column.addWidget(part)
        column.addWidget(self.pinned)
        column.addWidget(self._heading)
        column.addWidget(self._rolling)
        column.addStretch(1)
        self._connect(command("generation.preview_ideas"))
        self.retranslate()

    def _connect(self, preview: QAction) -> None:
        ideas = self.ideas
        self.preview.clicked.connect(lambda: ideas.cancel() if ideas.busy else preview.trigger())
        self.count.changed.connect(lambda count: ideas.set_count(round(count)))
        self.grid.chosen.connect(lambda number: ideas.choose(ideas.drafts[number]))
        self.grid.picked.connect(lambda number: self.make_whole(ideas.drafts[number]))
        self.grid.menu_wanted.connect(self._open_menu)
        self.make.clicked.connect(lambda: self._with_chosen(self.make_whole))
        self.more.clicked.connect(lambda: self._with_chosen(ideas.more_like))
        self.renderings.clicked.connect(lambda: self._with_chosen(ideas.renderings))
        self.unpin.clicked.connect(ideas.unpin)
        for button, action in self._rolls:
            button.clicked.connect(action.trigger)
        ideas.drafts_changed.connect(self._show)
        ideas.draft_changed.connect(self._show_grid)
        ideas.changed.connect(self._show)
        self._studio.model_chosen.connect(self._show)

    def retranslate(self) -> None:
        self.teaching.setText(
            self.tr(
                "One prompt, several ideas: the words stay, what the model makes of them differs. Look at small drafts, "
                "choose one, and only that becomes a whole picture."
            )
        )
        self.count.set_words(self.tr("How many"), self.tr("Drafts that are made at once."))
        self.grid.setAccessibleName(self.tr("Drafts of ideas"))
        self.make.setText(self.tr("Make it whole"))
        self.make.setToolTip(self.tr("Pin this idea and make the whole picture of it; so does a double click or Enter"))
        self.more.setText(self.tr("More like this"))
        self.more.setToolTip(self.tr("Ideas near this one: its own, mixed with new ones of the words"))
        self.renderings.setText(self.tr("Other renderings"))
        self.renderings.setToolTip(self.tr("The same idea, drawn with other rendering seeds"))
        self.unpin.set_words(self.tr("Free the idea: the next pictures have new ones"))
        self._heading.setText(self.tr("Draw one seed anew"))
        self.new_idea.setText(self.tr("New idea"))
        self.new_rendering.setText(self.tr("New rendering"))
        for button, action in self._rolls:
            button.setToolTip(hint(action))
        self._show()

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show(self) -> None:
        ideas, studio = self.ideas, self._studio
        self.unable.setVisible(not ideas.able)
        self.unable.setText(
            self.tr("{model} has no ideas: it draws straight from the words. These have: {others}.").format(
                model=studio.models.title(studio.settings.values.model), others=", ".join(ideas.able_models())
            )
        )
        for widget in (self.preview, self.count, *(button for button, _ in self._rolls)):
            widget.setEnabled(ideas.able)
        self.teaching.setVisible(not ideas.drafts and ideas.able)
        self.preview.setText(
            self.tr("Stop")
            if ideas.busy
            else self.tr("New ones")
            if ideas.drafts and ideas.kind is Kind.IDEAS
            else self.tr("Preview ideas")
        )
        self.preview.setToolTip("" if ideas.busy else hint(self._actions.commands.action("generation.preview_ideas")))
        self.count.set_number(ideas.count)
        told = {
            Kind.IDEAS: self.tr("Each has another idea; the rendering seed is the same."),
            Kind.NEAR: self.tr("The first is the one you chose, the others are near it."),
            Kind.RENDERINGS: self.tr("One idea; each has another rendering seed."),
        }
        self.told.setText(told[ideas.kind])
        self.told.setVisible(bool(ideas.drafts))
        self.grid.setVisible(bool(ideas.drafts))
        chosen = ideas.chosen
        self.chosen.setVisible(bool(ideas.drafts))
        _dress(self.preview, not ideas.drafts)
        _dress(self.make, bool(ideas.drafts))
        for button in (self.make, self.more, self.renderings):
            button.setEnabled(chosen is not None and chosen.result is not None and ideas.able)
        pin, locked = ideas.pin, studio.settings.prior_seed_locked
        self.pinned.setVisible(ideas.able and (pin is not None or locked))
        self.pin_picture.show_image(to_image(pin.result.image) if pin is not None else self._held(), "pin")
        self.pin_words.setText(
            self.tr("The next pictures have this idea, whatever the words are.")
            if pin is not None
            else self.tr("The next pictures have the idea of this seed and of the words.")
        )
        self._show_grid()

    def _held(self) -> QImage | None:
        """The draft of the idea seed, if it is among those that are shown."""
        seed = self._studio.settings.values.prior_seed
        for draft in self.ideas.drafts:
            if draft.result is not None and not draft.request.mixed and draft.request.prior_seed == seed:
                return to_image(draft.result.image)
        return None

    @Slot()
    def _show_grid(self) -> None:
        drafts = self.ideas.drafts
        cells = [
            Cell(
                None if draft.result is None else to_image(draft.result.image),
                draft.progress,
                self._name(number, draft),
            )
            for number, draft in enumerate(drafts, 1)
        ]
        chosen = self.ideas.chosen
        current = drafts.index(chosen) if chosen in drafts else None
        first = drafts[0].request if drafts else None
        self.grid.show_cells(cells, current, first.width / first.height if first is not None else 1.0)

    def _name(self, number: int, draft: Draft) -> str:
        return self.tr("Draft {number}: idea seed {idea}, rendering seed {seed}").format(
            number=number, idea=draft.request.prior_seed, seed=draft.request.seed
        )

    # ------------------------------------------------------------------ what is done

    def _with_chosen(self, do: Callable[[Draft], None]) -> None:
        chosen = self.ideas.chosen
        if chosen is not None:
            do(chosen)

    def make_whole(self, draft: Draft) -> None:
        """Pin the idea of ``draft`` and make the whole picture of it, with the rendering seed of the draft."""
        if self.ideas.pin_down(draft):
            self.ideas.cancel()  # who has chosen does not wait for the others
            with self._studio.settings.held():
                self._actions.generate.trigger()

    @Slot(int, QPoint)
    def _open_menu(self, number: int, place: QPoint) -> None:
        draft = self.ideas.drafts[number]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.make.text(), lambda: self.make_whole(draft))
        menu.addAction(self.more.text(), lambda: self.ideas.more_like(draft))
        menu.addAction(self.renderings.text(), lambda: self.ideas.renderings(draft))
        menu.popup(place)


def _dress(button: QPushButton, primary: bool) -> None:
    """Say which button is the one that leads on."""
    name = "primary" if primary else ""
    if button.objectName() != name:
        button.setObjectName(name)
        button.style().unpolish(button)
        button.style().polish(button)
