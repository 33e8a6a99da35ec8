"""The status bar: what the engine is doing, on what, and how long the queue is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Slot
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton

from kandinsky_studio.app.queue_words import in_all
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.underway import State
from kandinsky_studio.app.worker import ModelStage, ModelState


class Status(QStatusBar):
    """Says it in words; the part about the queue opens it, the one about downloads the models."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._state: ModelState | None = None
        self.model, self.queue, self.device, self.network = QLabel(), QToolButton(), QLabel(), QToolButton()
        for button in (self.queue, self.network):
            button.setObjectName("statusQueue")
            button.setAutoRaise(True)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(12, 2, 12, 4)
        self.addWidget(self.model)
        self.addWidget(self.queue)
        self.addPermanentWidget(self.network)
        self.addPermanentWidget(self.device)
        studio.worker.model_state.connect(self._show_state)
        studio.queue.times_changed.connect(self._show_queue)
        studio.model_chosen.connect(self.retranslate)
        studio.deliveries.changed.connect(self._show_network)
        studio.deliveries.progressed.connect(self._show_network)
        studio.remembering.changed.connect(self._preference_changed)
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)

    @Slot()
    def retranslate(self) -> None:
        self._show_model()
        self._show_queue()
        self._show_network()

    @Slot(object)
    def _show_state(self, state: ModelState) -> None:
        self._state = state
        self._show_model()

    def _show_model(self) -> None:
        state = self._state
        chosen = self._studio.settings.values.model
        title = self._studio.models.title(state.model if state and state.model else chosen)
        if not self._studio.models.installed(chosen):
            text = self.tr("{model}: not installed").format(model=self._studio.models.title(chosen))
        elif state is None or state.stage is ModelStage.freed:
            text = title
        elif state.stage is ModelStage.starting:
            text = self.tr("Starting the engine…")
        elif state.stage is ModelStage.loading:
            text = self.tr("{model}: loading…").format(model=title)
        elif state.stage is ModelStage.ready:
            text = self.tr("{model}: ready").format(model=title)
        else:
            text = self.tr("{model}: can't be opened").format(model=title)
        self.model.setText(text)
        self.device.setText(self._device_name(state.device) if state is not None else "")

    @Slot()
    def _show_queue(self) -> None:
        queue = self._studio.queue
        text = in_all(queue.waiting, *queue.seconds_left)
        if queue.paused and queue.waiting:
            text = self.tr("Paused") + " · " + text
        self.queue.setText(text)
        self.queue.setVisible(bool(text))
        self.queue.setToolTip(self.tr("Open the queue"))
        self.queue.setAccessibleName(self.tr("Queue: {state}").format(state=text))

    @Slot(str)
    def _preference_changed(self, name: str) -> None:
        if name == "network":
            self._show_network()

    @Slot()
    def _show_network(self) -> None:
        """Whether anything comes from the network, and that it may or may not."""
        deliveries = self._studio.deliveries
        coming = next((one for one in deliveries.underway if one.state is State.running), None)
        waiting = [one for one in deliveries.underway if one.state in (State.paused, State.failed)]
        if not self._studio.remembering.values.network:
            text = self.tr("Network off")
        elif coming is not None:
            done = coming.progress.done / max(coming.progress.total, 1) if coming.progress is not None else 0.0
            title = self._studio.models.title(coming.model)
            text = self.tr("{model} is coming: {percent} %").format(model=title, percent=int(done * 100))
        elif waiting:
            text = self.tr("Download paused")
        else:
            text = self.tr("Network not used")
        self.network.setText(text)
        self.network.setToolTip(self.tr("Open the models"))
        self.network.setAccessibleName(text)

    def _device_name(self, device: str) -> str:
        """What people call the device that torch calls ``device``."""
        if device.startswith("cuda"):
            return self.tr("On the graphics card")
        if device.startswith("mps"):
            return self.tr("On the Apple GPU")
        return self.tr("On the processor") if device else ""
