"""A runtime pack on a card: what it is for, where it stands, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.runtimes import Fit, Runtimes
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.amounts import data_size
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.translated import Translated


class PackCard(Translated):
    """Shows the pack called ``name``: one that is here, one that can be downloaded, or both. ``remove`` asks nobody;
    who owns the card does."""

    def __init__(self, runtimes: Runtimes, theme: Theme, name: str) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._runtimes = runtimes
        self.name = name
        self._title, self.state = QLabel(), QLabel()
        self._title.setObjectName("cardTitle")
        self._facts, self._fit, self.flaw = paragraph("muted"), paragraph("warning"), paragraph("danger")
        self.get, self.use, self.remove = QPushButton(), QPushButton(), QPushButton()
        for button in (self.get, self.use, self.remove):
            button.setAutoDefault(False)  # Return in a window with many buttons should press none by chance
        head = QHBoxLayout()
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self.state)
        feet = QHBoxLayout()
        feet.setSpacing(SMALL)
        for button in (self.get, self.use, self.remove):
            feet.addWidget(button)
        feet.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        layout.setSpacing(SMALL)
        layout.addLayout(head)
        for words in (self._facts, self._fit, self.flaw):
            layout.addWidget(words)
        layout.addLayout(feet)
        self.get.clicked.connect(lambda: runtimes.download(name))
        self.use.clicked.connect(lambda: runtimes.use(name))
        self.retranslate()

    def title(self) -> str:
        """What the pack is called, in the language of the window."""
        return self._title.text()

    def retranslate(self) -> None:
        self.use.setText(self.tr("Use it"))
        self.remove.setText(self.tr("Remove…"))
        self.show_state()

    def show_state(self) -> None:
        """Show where the pack stands now."""
        runtimes = self._runtimes
        here = next((one for one in runtimes.packs if one.name == self.name), None)
        offer = next((one for one in runtimes.offers if one.pack.name == self.name), None)
        pack = here.pack if here is not None else offer.pack if offer is not None else None
        on_card = pack is not None and pack.device == "cuda"
        title = self.tr("For NVIDIA graphics cards: {name}") if on_card else self.tr("For the processor")
        self._title.setText(title.format(name=self.name) if pack is not None else self.name)
        facts = [f"PyTorch {pack.version}"] if pack is not None else []
        if here is not None and here.size:
            facts.append(data_size(here.size))
        if here is not None and here.shipped:
            facts.append(self.tr("came with the program"))
        self._facts.setText(" · ".join(facts))
        fit = Fit.fits if pack is None else runtimes.fit(pack)
        words = {
            Fit.driver: self.tr("The driver of your card is older than {driver}, which this needs.").format(
                driver=pack.driver if pack is not None else ""
            ),
            Fit.older: self.tr("Your card is older than those it is for."),
            Fit.newer: self.tr("Your card is newer than those it is for."),
        }
        self._fit.setText(words.get(fit, ""))
        self._fit.setVisible(fit is not Fit.fits)
        self.flaw.setText(sentences(here.flaw)[0] if here is not None and here.flaw is not None else "")
        self.flaw.setVisible(bool(self.flaw.text()))
        used = runtimes.used is not None and runtimes.used.name == self.name
        chosen = runtimes.next == self.name
        idle = runtimes.doing is None
        if used:
            self._say(self.tr("In use") if chosen else self.tr("In use until the program ends"), "success")
        elif chosen and here is not None:
            self._say(self.tr("Used from the next start on"), "success")
        else:
            self._say("" if here is not None else self.tr("Not on this computer"), "muted")
        newer = offer is not None and (here is None or here.flaw is not None)
        self.get.setVisible(newer)
        if offer is not None:
            label = self.tr("Go on, {size} left") if offer.left < offer.download_size else self.tr("Get it, {size}")
            self.get.setText(label.format(size=data_size(offer.left)))
        self.get.setEnabled(idle)
        advised = runtimes.idle_card is not None and runtimes.advised == self.name
        for button in (self.get, self.use):
            button.setObjectName("primary" if advised else "")
            button.style().polish(button)
        self.use.setVisible(here is not None and here.flaw is None and not chosen)
        self.use.setEnabled(idle)
        self.remove.setVisible(here is not None and not here.shipped)
        self.remove.setEnabled(idle and not used)
        self.remove.setToolTip(self.tr("It is in use; choose another one and start the program again.") if used else "")

    def _say(self, words: str, look: str) -> None:
        self.state.setText(words)
        self.state.setObjectName(look)
        self.state.style().polish(self.state)
