"""One model on a card: what it is good at, what it needs, how far it is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QCheckBox, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout

from kandinsky_studio.app.deliveries import Deliveries, Offer, size_of
from kandinsky_studio.app.machine import Fit
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.models import BUILTIN
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.underway import State, Underway
from kandinsky_studio.engine.spec import ModelSpec
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.ui.delivery_view import DeliveryView, duration
from kandinsky_studio.ui.sizes import LARGE, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.amounts import data_size
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated

ABOUT = {
    BUILTIN: QT_TRANSLATE_NOOP(
        "models",
        "Comes with the program and draws flat shapes in plain colours, at once and on any computer. It is there to try "
        "everything without a download.",
    ),
    "kandinsky-2.2": QT_TRANSLATE_NOOP(
        "models",
        "The newest of the three and the one to begin with: detailed pictures, mixing, inpainting and depth. Reads English.",
    ),
    "kandinsky-2.1": QT_TRANSLATE_NOOP(
        "models",
        "Reads many languages, and the words guide the drawing itself, so they can be shown on the picture. Mixing and "
        "inpainting, but no depth.",
    ),
    "kandinsky-2.0": QT_TRANSLATE_NOOP(
        "models",
        "The first one, with two encoders that read many languages: looser, painterly pictures. Inpainting, but no mixing.",
    ),
    "depth-anything-v2-small": QT_TRANSLATE_NOOP(
        "models", "Sees how near the things in a picture are, for pictures that follow its depth. Draws nothing itself."
    ),
}
TITLES = {"depth-anything-v2-small": QT_TRANSLATE_NOOP("models", "Depth Anything V2, small")}

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (QT_TRANSLATE_NOOP("models", "Pictures from words and from pictures"), ("text2image", "image2image")),
    (QT_TRANSLATE_NOOP("models", "Mixing pictures"), ("mix",)),
    (QT_TRANSLATE_NOOP("models", "Filling and expanding"), ("inpaint", "outpaint")),
    (QT_TRANSLATE_NOOP("models", "Following a depth map"), ("depth",)),
    (QT_TRANSLATE_NOOP("models", "Estimating depth"), ("depth_map",)),
)
"""What a user wants, and the tasks that stand for it. The first of a model comes with every other."""


class ModelCard(Translated):
    """Shows one model of ``studio``; a ``brief`` card leaves out what one chooses. ``removal_wanted`` asks for a
    question first; ``used`` says that it was chosen."""

    removal_wanted = Signal(str)
    used = Signal()

    def __init__(self, studio: Studio, theme: Theme, model: str, brief: bool = False) -> None:
        super().__init__()
        self._brief = brief
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._studio = studio
        self._theme = theme
        self.model = model
        self._deliveries: Deliveries = studio.deliveries
        self._offer: Offer | None = self._deliveries.offer(model)
        self._spec: ModelSpec | None = studio.models.find(model) if model not in TITLES else None
        self._title, self.state = QLabel(), QLabel()
        self._title.setObjectName("cardTitle")
        self._about, self._facts = paragraph(), paragraph("muted")
        self.boxes = {tasks: QCheckBox() for _, tasks in self._groups()}
        self.delivery = DeliveryView(theme, brief)
        self.newer, self.update_it = paragraph("muted"), QPushButton()
        self.get, self.pause, self.cancel, self.use = QPushButton(), QPushButton(), QPushButton(), QPushButton()
        self.more = IconButton(theme, "more")
        self._menu = QMenu(self)
        self._check = self._menu.addAction("", lambda: self._deliveries.check(model))
        self._halve = self._menu.addAction("", lambda: self._deliveries.halve(model))
        self._menu.addSeparator()
        self._remove = self._menu.addAction("", lambda: self.removal_wanted.emit(model))
        self._build()
        self._connect()
        self.retranslate()

    def _groups(self) -> list[tuple[str, tuple[str, ...]]]:
        known = set(self._offer.tasks) if self._offer is not None else set()
        return [(title, tasks) for title, tasks in GROUPS if known & set(tasks)]

    def _build(self) -> None:
        head = QBoxLayout(QBoxLayout.Direction.TopToBottom if self._brief else QBoxLayout.Direction.LeftToRight)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self.state)
        feet = QHBoxLayout()
        feet.setSpacing(SMALL)
        for button in (self.get, self.use, self.update_it, self.pause, self.cancel):
            feet.addWidget(button)
        feet.addStretch(1)
        feet.addWidget(self.more)
        self.more.setMenu(self._menu)
        self.more.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, LARGE)
        layout.setSpacing(SMALL)
        layout.addLayout(head)
        layout.addWidget(self._about)
        layout.addWidget(self._facts)
        boxes = QVBoxLayout()
        boxes.setSpacing(TIGHT)
        for number, box in enumerate(self.boxes.values()):
            box.setChecked(number < 2)  # words and mixing are what these models are for
            if number == 0:  # comes with every other, so there is nothing to choose
                box.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
                box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            boxes.addWidget(box)
        layout.addLayout(boxes)
        layout.addWidget(self.newer)
        layout.addWidget(self.delivery)
        layout.addStretch(1)
        layout.addLayout(feet)

    def _connect(self) -> None:
        self.get.clicked.connect(lambda: self._deliveries.start(self.model, self.wanted))
        self.pause.clicked.connect(lambda: self._deliveries.pause(self.model))
        self.cancel.clicked.connect(lambda: self._deliveries.cancel(self.model))
        self.use.clicked.connect(self._use)
        self.update_it.clicked.connect(lambda: self._deliveries.update(self.model))
        for box in self.boxes.values():
            box.toggled.connect(self._show)
        self._deliveries.changed.connect(self._show)
        self._deliveries.stock.changed.connect(self._show)
        self._deliveries.progressed.connect(self._progressed)
        self._studio.looking.changed.connect(self._show)
        self._studio.models.changed.connect(self._show)
        self._studio.model_chosen.connect(self._show)
        self._deliveries.stock.look()

    def title(self) -> str:
        """What the model is called, in the language of the window."""
        return self._title.text()

    def focus_first(self) -> None:
        """Give the keyboard to what one wants to press."""
        for button in (self.get, self.pause, self.use):
            if not button.isHidden() and button.isEnabled():
                button.setFocus()
                return

    @property
    def wanted(self) -> Sequence[str]:
        """The tasks whose boxes are checked, as far as the model can do them."""
        if self._offer is None:
            return ()
        return [
            task for tasks, box in self.boxes.items() if box.isChecked() for task in tasks if task in self._offer.tasks
        ]

    # ------------------------------------------------------------------ words

    def retranslate(self) -> None:
        title = QCoreApplication.translate("models", TITLES[self.model]) if self.model in TITLES else ""
        self._title.setText(title or self._studio.models.title(self.model))
        self._about.setText(QCoreApplication.translate("models", ABOUT[self.model]))
        self.pause.setText(self.tr("Pause"))
        self.cancel.setText(self.tr("Cancel"))
        self.use.setText(self.tr("Use it"))
        self.newer.setText(self.tr("A newer edition is listed. This one stays until that is here, and can be used."))
        self.more.set_words(self.tr("More"))
        self._check.setText(self.tr("Check the files"))
        self._halve.setText(self.tr("Make the files half as large"))
        self._halve.setToolTip(self.tr("Keeps the weights in half precision, which is what graphics cards draw in."))
        self._remove.setText(self.tr("Remove…"))
        self._show()

    def _facts_text(self) -> str:
        parts = []
        spec = self._spec
        if spec is not None and self.model != BUILTIN:
            parts.append(self.tr("{memory} of memory").format(memory=data_size(spec.memory_size)))
            fit = self._studio.looking.fit(spec)
            seconds = self._studio.looking.seconds(self._offer) if self._offer is not None else None
            time = duration(seconds) if seconds is not None else ""
            if fit is Fit.card:
                parts.append(self.tr("runs on your graphics card, about {time} a picture").format(time=time))
            elif fit is Fit.tight:
                parts.append(self.tr("runs on your graphics card with parts of it waiting in the main memory"))
            elif fit is Fit.processor:
                parts.append(self.tr("runs on your processor, about {time} a picture").format(time=time))
            elif fit is Fit.no:
                parts.append(self.tr("this computer has too little memory for it"))
        if self._offer is not None:
            licence = self._offer.repositories[0].licence
            parts.append(self.tr("licence {licence}").format(licence=licence.replace("apache", "Apache")))
        return " · ".join(parts)

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show(self) -> None:
        offer = self._offer
        self._facts.setText(self._facts_text())
        self._facts.setVisible(bool(self._facts.text()))
        if offer is None:
            self._show_as_ready(self.tr("Ready"))
            return
        one = self._deliveries.of(self.model)
        first = [task for task in self._groups()[0][1] if task in offer.tasks]
        stock = self._deliveries.stock
        here = stock.is_here(offer, first) or (self._spec is not None and self._studio.models.installed(self.model))
        size = stock.size_here(offer)
        self._show_boxes(offer, one)
        left = stock.left(offer, self.wanted)
        if one is not None and one.updates:
            left = sum(file.size - file.done for file in one.files)
        self._show_delivery(one)
        self._show_newer(one)
        running = one is not None and one.state in (State.running, State.waiting)
        self.get.setVisible(not running and left > 0)
        words = self.tr("Go on, {size} left") if one is not None else self.tr("Get it, {size}")
        self.get.setText(words.format(size=data_size(left)))
        self.get.setObjectName("primary" if not here and not self._brief else "")
        self.get.style().polish(self.get)
        self.pause.setVisible(running)
        self.cancel.setVisible(one is not None)
        self.use.setVisible(here and self._spec is not None)
        self.use.setEnabled(self._studio.settings.values.model != self.model)
        self.more.setVisible(size > 0 and not running and not self._brief)
        if here:
            self.state.setText(
                self.tr("On this computer, {size}").format(size=data_size(size))
                if size
                else self.tr("On this computer")
            )
        else:
            self.state.setText("" if one is not None else self.tr("Not on this computer"))
        self.state.setObjectName("success" if here else "muted")
        self.state.style().polish(self.state)

    def _show_as_ready(self, words: str) -> None:
        self.state.setText(words)
        self.state.setObjectName("success")
        for widget in (self.delivery, self.newer, self.update_it, self.get, self.pause, self.cancel, self.more):
            widget.hide()
        self.use.setEnabled(self._studio.settings.values.model != self.model)

    def _show_boxes(self, offer: Offer, one: Underway | None) -> None:
        before: set[object] = set()
        for (title, tasks), box in zip(self._groups(), self.boxes.values(), strict=True):
            known = [task for task in tasks if task in offer.tasks]
            parts = [part for part in offer.parts(known) if part not in before]
            before |= set(parts)
            here = self._deliveries.stock.is_here(offer, known)
            words = QCoreApplication.translate("models", title)
            box.setText(f"{words}  ·  {'✓' if here else data_size(size_of(parts))}")
            box.setVisible(len(self.boxes) > 1 and not self._brief)
            with QSignalBlocker(box):
                if here or one is not None:
                    box.setChecked(here or bool(one is not None and set(known) & set(one.tasks)))
            box.setEnabled(not here and (one is None or one.state not in (State.running, State.waiting)))

    def _show_newer(self, one: Underway | None) -> None:
        change = self._deliveries.stock.seen.changes.get(self.model)
        shown = one is None and change is not None and not self._brief
        self.newer.setVisible(shown)
        self.update_it.setVisible(shown)
        self.update_it.setText(self.tr("Update, {size}").format(size=data_size(change or 0)))

    def _show_delivery(self, one: Underway | None) -> None:
        stock, flaw, share = self._deliveries.stock, "", 0.0
        if one is None:
            installed = self._spec is None or self._studio.models.installed(self.model)
            known = None if installed else stock.seen.flaws.get(self.model)
            flaw = sentences(known)[0] if known is not None else ""
        elif self._offer is not None:
            total = stock.size(self._offer, one.tasks)
            share = 1 - stock.left(self._offer, one.tasks) / total if total else 0.0
        self.delivery.show_delivery(one, share, flaw)

    @Slot(str)
    def _progressed(self, model: str) -> None:
        if model == self.model:
            self._show_delivery(self._deliveries.of(model))

    @Slot()
    def _use(self) -> None:
        self._studio.choose_model(self.model)
        self.used.emit()
