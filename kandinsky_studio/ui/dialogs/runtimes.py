"""The window of the runtime packs: what the program computes with, the graphics card, packs that come and go."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLocale, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.runtimes import Deed
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.pack_card import PackCard
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.amounts import data_size
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.translated import TranslatedDialog

_SIZE = 600, 440  # pixels at first


class RuntimesDialog(TranslatedDialog):
    """A card for each pack, above them what is used and which graphics card there is; open as long as one likes."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._runtimes = studio.runtimes
        self._theme = theme
        self.cards: dict[str, PackCard] = {}
        self.used, self.card, self.advice = paragraph(), paragraph(), paragraph("muted")
        self.used.setObjectName("cardTitle")
        self.note, self.failure = paragraph("success"), paragraph("danger")
        self.install, self.stop, self.close_button = QPushButton(), QPushButton(), QPushButton()
        self._listed = paragraph("muted")
        self._doing = QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(theme.px(SMALL))
        self._work = QWidget()
        self._build()
        self.install.clicked.connect(self._install)
        self.stop.clicked.connect(self._runtimes.stop)
        self.close_button.clicked.connect(self.reject)
        self._runtimes.changed.connect(self._show)
        self._runtimes.progressed.connect(self._show_progress)
        self.retranslate()
        self.resize(QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1])).boundedTo(self.screen().availableSize()))
        self.close_button.setFocus()
        self._runtimes.look()

    def _build(self) -> None:
        work = QHBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.setSpacing(MEDIUM)
        work.addWidget(self._doing)
        work.addWidget(self.bar, 1)
        work.addWidget(self.stop)
        head = QVBoxLayout()
        head.setContentsMargins(LARGE, LARGE, LARGE, SMALL)
        head.setSpacing(SMALL)
        for widget in (self.used, self.card, self.advice, self.note, self.failure, self._work):
            head.addWidget(widget)
        body = QWidget()
        body.setObjectName("cards")
        self._cards = QVBoxLayout(body)
        self._cards.setContentsMargins(LARGE, SMALL, LARGE, LARGE)
        self._cards.setSpacing(MEDIUM)
        self._cards.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(body)
        foot = QHBoxLayout()
        foot.setContentsMargins(LARGE, SMALL, LARGE, LARGE)
        foot.setSpacing(MEDIUM)
        foot.addWidget(self._listed, 1)
        foot.addWidget(self.install)
        foot.addWidget(self.close_button)
        self.install.setAutoDefault(False)
        self.close_button.setAutoDefault(False)
        self.stop.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._scroll, 1)
        layout.addLayout(foot)

    # ------------------------------------------------------------------ words

    def retranslate(self) -> None:
        self.setWindowTitle(self.tr("Graphics card and PyTorch"))
        self.install.setText(self.tr("Install from a file…"))
        self.stop.setText(self.tr("Stop"))
        self.close_button.setText(self.tr("Close"))
        self._show()

    def _used_text(self) -> str:
        runtimes = self._runtimes
        if runtimes.from_source:
            made = self.tr("Pictures are made with PyTorch {version} of the Python environment.")
            return made.format(version=runtimes.environment)
        if runtimes.used is None:
            return self.tr("There is no PyTorch to make pictures with.")
        if runtimes.used.device == "cuda":
            return self.tr("Pictures are made on the graphics card.")
        return self.tr("Pictures are made on the processor.")

    def _card_text(self) -> str:
        sight = self._runtimes.sight
        if sight is None:
            return self.tr("Looking for a graphics card…")
        if sight.best is None:
            if sight.silent:
                return self.tr("There is an NVIDIA card, but its driver is missing or does not answer.")
            return self.tr("No NVIDIA graphics card was found.")
        return self.tr("{card}, {memory}, driver {driver}").format(
            card=sight.best.name, memory=_memory(sight.best.memory), driver=sight.best.driver
        )

    def _advice_text(self) -> str:
        runtimes = self._runtimes
        if runtimes.from_source:
            return self._advice_from_source()
        sight = runtimes.sight
        if sight is None:
            return ""
        if sight.best is None:
            if sight.silent:
                return self.tr("Install the driver of the card, then start the program again.")
            return self.tr(
                "Packs for cards make pictures many times faster, and need such a card. Without one there is nothing to do "
                "here."
            )
        if runtimes.needs_driver:
            return self.tr("Its driver is too old for every pack. Update the driver, then start the program again.")
        if runtimes.advised is None:
            return self.tr("It is older than the cards that PyTorch computes on.")
        if runtimes.idle_card is None:
            return ""
        return self.tr("The pack {name} fits it. Pictures come many times faster with it.").format(
            name=runtimes.advised
        )

    def _advice_from_source(self) -> str:
        packs = self.tr(
            "Nothing has to be installed here. The program was started from its source and takes the PyTorch that was "
            "installed with it; the packs that this window is for belong to the installed program."
        )
        sight = self._runtimes.sight
        if sight is None:
            return packs
        if sight.best is None:
            card = self.tr(
                "No card is needed: the built-in model is quick on every processor, the large models take minutes for a "
                "picture."
            )
        else:
            card = self.tr(
                "If the status bar says that pictures are made on the processor all the same, install the build of PyTorch "
                "for your card into that environment; pytorch.org tells how."
            )
        return f"{packs}\n\n{card}"

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show(self) -> None:
        runtimes = self._runtimes
        self.used.setText(self._used_text())
        self.card.setText(self._card_text())
        self.advice.setText(self._advice_text())
        self.advice.setVisible(bool(self.advice.text()))
        here = {one.name for one in runtimes.packs}
        waits = runtimes.next in here and (runtimes.used is None or runtimes.next != runtimes.used.name)
        self.note.setText(self.tr("Start the program again to compute with the pack you chose.") if waits else "")
        self.note.setVisible(waits and not runtimes.from_source)
        error = runtimes.failure or runtimes.refused
        self.failure.setText(" ".join(sentences(error)) if error is not None else "")
        self.failure.setVisible(error is not None)
        self._show_cards()
        self._scroll.setVisible(not runtimes.from_source)
        self.install.setVisible(not runtimes.from_source)
        self.install.setEnabled(runtimes.doing is None)
        listed = bool(runtimes.offers) or runtimes.from_source
        self._listed.setText(
            "" if listed else self.tr("This build lists no packs to download; install one from a file.")
        )
        self._show_progress()
        if runtimes.from_source:
            self._fit_words()

    def _fit_words(self) -> None:
        """Without packs the window is as tall as what it says."""
        self.ensurePolished()
        width = min(self._theme.px(_SIZE[0]), self.screen().availableSize().width())
        self.resize(width, self.heightForWidth(width))

    def _show_cards(self) -> None:
        runtimes = self._runtimes
        names = list(
            dict.fromkeys([*(one.name for one in runtimes.packs), *(one.pack.name for one in runtimes.offers)])
        )
        if runtimes.from_source:
            names = []
        for name in [name for name in self.cards if name not in names]:
            self.cards.pop(name).deleteLater()
        for place, name in enumerate(names):
            if name not in self.cards:
                made = PackCard(runtimes, self._theme, name)
                made.remove.clicked.connect(lambda _=False, name=name: self._remove(name))
                self.cards[name] = made
                self._cards.insertWidget(place, made)
            self.cards[name].show_state()

    @Slot()
    def _show_progress(self) -> None:
        doing = self._runtimes.doing
        self._work.setVisible(doing is not None)
        if doing is None:
            return
        words = {
            Deed.fetch: self.tr("Fetching…"),
            Deed.unpack: self.tr("Unpacking…"),
            Deed.check: self.tr("Trying it out…"),
            Deed.remove: self.tr("Deleting…"),
        }
        text = words[doing.deed]
        if doing.delivery is not None:
            done, total = data_size(doing.delivery.done), data_size(doing.delivery.total)
            text = self.tr("{done} of {total}").format(done=done, total=total)
        self._doing.setText(text)
        self.bar.setRange(0, 0 if doing.fraction is None else 1000)
        self.bar.setValue(round((doing.fraction or 0.0) * 1000))
        self.bar.setAccessibleName(text)

    # ------------------------------------------------------------------ what is done

    @Slot()
    def _install(self) -> None:
        kinds = self.tr("Runtime packs") + " (*.zip *.zip.001)"
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Install a runtime pack"), str(Path.home()), kinds)
        if name:
            self._runtimes.install(Path(name))

    def _remove(self, name: str) -> None:
        question = QMessageBox(self)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setIcon(QMessageBox.Icon.Warning)
        question.setWindowTitle(self.tr("Remove a runtime pack"))
        question.setText(self.tr("Delete the pack {name}?").format(name=name))
        question.setInformativeText(self.tr("To use it again, it has to be installed again."))
        remove = question.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        question.addButton(QMessageBox.StandardButton.Cancel)
        remove.clicked.connect(lambda: self._runtimes.remove(name))
        question.open()


def _memory(count: int) -> str:
    """Bytes of a card's memory the way cards are sold: 12 × 2³⁰ of them are 12 GB."""
    return QLocale().formattedDataSize(count, 0, QLocale.DataSizeFormat.DataSizeTraditionalFormat)
