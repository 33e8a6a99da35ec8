"""What the next picture is mixed from: layers, selections, pictures, words and pigments, and how much each counts."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QSize, Qt, QTimer, Slot
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from kandinsky_studio.app.files import OPENABLE
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.mix_slots import OfLayer, Words
from kandinsky_studio.app.mixing import MixSlot
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.document import Change
from kandinsky_studio.engine.request import Progress
from kandinsky_studio.ui import mix_drops
from kandinsky_studio.ui.actions import Actions, hint, keys
from kandinsky_studio.ui.mix_form import MixForm
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.form_area import FormArea
from kandinsky_studio.ui.widgets.generate_button import GenerateButton
from kandinsky_studio.ui.widgets.slot import SlotRow

_QUIET = 400  # milliseconds after a stroke until the small pictures follow


class MixPanel(Panel):
    """Shows the :class:`Mixing` and changes it; it keeps nothing of its own. What is dropped goes into the mix, or
    into the slot on whose small picture it is dropped."""

    key = "mix"
    area = Qt.DockWidgetArea.RightDockWidgetArea

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self.mixing = studio.mixing
        self.rows: dict[MixSlot, SlotRow] = {}
        self._dropping = False
        self.setAcceptDrops(True)
        self.form = MixForm(theme)
        self._scroll = FormArea(self.form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)  # where the ring is that says that something can be dropped
        layout.setSpacing(0)
        layout.addWidget(self._scroll, 1)
        self.button = GenerateButton(theme)
        self._foot = QWidget()
        below = QVBoxLayout(self._foot)
        below.setContentsMargins(LARGE, SMALL, LARGE, MEDIUM)
        below.addWidget(self.button)
        layout.addWidget(self._foot)
        self._pictures = QTimer(self)
        self._pictures.setSingleShot(True)
        self._pictures.setInterval(_QUIET)
        self._pictures.timeout.connect(self._show_documents)
        self._connect()
        self.retranslate()
        self._show_pigments()
        self._make_rows()

    def title(self) -> str:
        return self.tr("Mix")

    def _connect(self) -> None:
        mixing, studio = self.mixing, self.studio
        mixing.slots_changed.connect(self._make_rows)
        mixing.source_changed.connect(self._show_source)
        mixing.changed.connect(self._show)
        studio.pigments.changed.connect(self._show_pigments)
        studio.generation.queue_changed.connect(self._show_button)
        studio.generation.progressed.connect(self._progressed)
        self.button.clicked.connect(self._start_or_stop)
        studio.model_chosen.connect(self._show)
        studio.candidates.changed.connect(self._show_save)
        studio.easel.changed.connect(self._show_save)
        studio.editor.sheet_changed.connect(self._show_document)
        studio.editor.opened.connect(lambda sheet: sheet.changed.connect(self._document_changed))
        self.form.used.clicked.connect(mixing.set_used)
        self.form.add_picture.clicked.connect(self.ask_for_pictures)
        self.form.add_selection.clicked.connect(lambda: mixing.add_selection())
        self.form.add_layer.clicked.connect(lambda: mixing.add_layers())
        self.form.add_words.clicked.connect(self._new_words)
        self.form.linked.clicked.connect(mixing.set_linked)
        self.form.even.clicked.connect(lambda: mixing.even_out())
        self.form.normalise.clicked.connect(lambda: mixing.normalise())
        self.form.way.activated.connect(lambda number: mixing.set_spherical(number == 1))
        self.form.pull.changed.connect(lambda percent: mixing.set_pull(percent / 100))
        self.form.save.clicked.connect(self.save_pigment)
        self.form.shelf.chosen.connect(lambda name: mixing.add_pigment(name))
        self.form.shelf.renamed.connect(self._rename)
        self.form.shelf.thrown.connect(self._throw_away)

    def retranslate(self) -> None:
        self.form.retranslate_all()
        self._show()

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _make_rows(self) -> None:
        for slot in [slot for slot in self.rows if slot not in self.mixing.slots]:
            row = self.rows.pop(slot)
            self.form.rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        for slot in self.mixing.slots:
            if slot not in self.rows:
                self.rows[slot] = self._row(slot)
                self.form.rows.addWidget(self.rows[slot])
                self._show_source(slot)
        self._show()

    def _row(self, slot: MixSlot) -> SlotRow:
        row, mixing = SlotRow(self.theme), self.mixing
        row.weighed.connect(lambda weight: mixing.set_weight(slot, weight))
        row.worded.connect(lambda text: mixing.set_words(slot, text))
        row.locked.connect(lambda on: mixing.set_locked(slot, on))
        row.negated.connect(lambda on: mixing.set_negative(slot, on))
        row.removed.connect(lambda: mixing.remove(slot))
        return row

    @Slot(object)
    def _show_source(self, slot: MixSlot) -> None:
        if slot in self.rows:
            icon = "words" if isinstance(slot.source, Words) else "style"
            icon = "layers" if isinstance(slot.source, OfLayer) else icon
            self.rows[slot].picture.show_image(slot.source.picture(), icon)
            self.rows[slot].show_name(slot.source.title(), isinstance(slot.source, Words))

    @Slot()
    def _show(self) -> None:
        mixing, locale = self.mixing, self.locale()
        for slot, row in self.rows.items():
            row.show_values(slot.weight, slot.locked, slot.negative)
            row.show_name(slot.source.title(), isinstance(slot.source, Words))
        positive = [slot for slot in mixing.slots if not slot.negative]
        self.form.used.setVisible(bool(mixing.slots))
        self.form.used.setChecked(mixing.used)
        self.form.unable.setVisible(not mixing.able)
        model = self.studio.models.title(self.studio.settings.values.model)
        self.form.unable.setText(
            self.tr("{model} can’t mix. These can: {others}.").format(
                model=model, others=", ".join(mixing.able_models())
            )
        )
        self.form.empty.setVisible(not mixing.slots)
        self.form.controls.setVisible(bool(mixing.slots))
        self.form.linked.setChecked(mixing.linked)
        percent = locale.toString(round(mixing.total * 100))
        self.form.total.setText(self.tr("Total {percent} %").format(percent=percent))
        self.form.even.setEnabled(len([slot for slot in positive if not slot.locked]) > 1)
        self.form.normalise.setEnabled(abs(mixing.total - 1) > 0.005 and any(not slot.locked for slot in positive))
        self.form.way.setCurrentIndex(int(mixing.spherical))
        spec = self.studio.models.find(self.studio.settings.values.model)
        self.form.pull.set_default((spec.mix_prior_strength if spec is not None else 0.0) * 100)
        self.form.pull.set_number(mixing.pull * 100)
        self._foot.setVisible(bool(mixing.slots))
        self._show_document()
        self._show_save()
        self._show_button()

    @Slot()
    def _show_button(self) -> None:
        """The same as the one below the prompt, which is behind this panel."""
        busy = self.studio.generation.busy
        action = self.actions_.cancel if busy else self.actions_.generate
        self.button.setText(self.tr("Cancel") if busy else QCoreApplication.translate("TaskBar", "Mix"))
        self.button.setToolTip(hint(action))
        self.button.set_keys(keys(action))
        self.button.setEnabled(busy or self.mixing.active)
        if not busy:
            self.button.set_fraction(None)
        elif self.button.fraction is None:
            self.button.set_fraction(0.0)

    @Slot(int, object)
    def _progressed(self, _job: int, progress: Progress) -> None:
        if self.studio.generation.busy:
            self.button.set_fraction(progress.fraction)

    @Slot()
    def _start_or_stop(self) -> None:
        (self.actions_.cancel if self.studio.generation.busy else self.actions_.generate).trigger()

    @Slot()
    def _show_document(self) -> None:
        document = self.studio.editor.document
        self.form.add_layer.setEnabled(document is not None and document.active_id is not None)
        self.form.add_selection.setEnabled(document is not None and document.state.selection is not None)

    @Slot(object)
    def _document_changed(self, change: Change) -> None:
        self._show_document()
        if self.isVisible() and any(slot.source.sheet is not None for slot in self.mixing.slots):
            self._pictures.start()

    @Slot()
    def _show_documents(self) -> None:
        """What is taken from documents, as it is now; not during a stroke."""
        for slot in self.mixing.slots:
            sheet = slot.source.sheet
            if sheet is not None and sheet.document.editing:
                self._pictures.start()
            elif sheet is not None:
                self._show_source(slot)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_documents()

    @Slot()
    def _show_pigments(self) -> None:
        found = self.studio.pigments.all
        self.form.shelf.show_pigments(
            [(pigment.name, None if pigment.picture is None else to_image(pigment.picture)) for pigment in found]
        )
        self.form.shelf.setVisible(bool(found))
        self.form.no_pigments.setVisible(not found)

    @Slot()
    def _show_save(self) -> None:
        easel, shown = self.studio.easel, self.studio.candidates.shown
        there = (shown is not None and shown.result is not None) or (easel.item is not None and not easel.is_preview)
        self.form.save.setEnabled(there)

    # ------------------------------------------------------------------ what is done

    @Slot()
    def ask_for_pictures(self) -> None:
        """Let the user choose files."""
        kinds = f"{self.tr('Pictures')} ({' '.join(OPENABLE)})"
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Add to the mix"), "", kinds)
        for name in names:
            self.mixing.add_file(Path(name))

    @Slot()
    def _new_words(self) -> None:
        self.mixing.add_words()
        row = self.rows.get(self.mixing.slots[-1])
        if row is not None:
            row.words.setFocus()

    @Slot()
    def save_pigment(self) -> None:
        """Keep the idea of the candidate over the canvas, or of the gallery's picture if there is none."""
        shown, item = self.studio.candidates.shown, self.studio.easel.item
        if shown is not None and shown.result is not None:
            self.studio.pigments.save_result(shown.result)
        elif item is not None:
            self.studio.pigments.save_item(item)

    @Slot(str, str)
    def _rename(self, before: str, name: str) -> None:
        pigment = self.studio.pigments.named(before)
        if pigment is not None:
            self.studio.pigments.rename(pigment, name)

    @Slot(str)
    def _throw_away(self, name: str) -> None:
        pigment = self.studio.pigments.named(name)
        if pigment is not None:
            self.studio.pigments.discard(pigment)

    def focus_first(self) -> None:
        (self.form.add_picture if not self.rows else next(iter(self.rows.values())).weight).setFocus()

    def minimumSizeHint(self) -> QSize:
        """Never narrower than the form, which has no scroll bar to bring its right edge into sight."""
        own = super().minimumSizeHint()
        return QSize(max(own.width(), self._scroll.least_width + 4), own.height())

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(300), self.theme.px(320))

    # ------------------------------------------------------------------ dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if mix_drops.takes(event.mimeData()):
            self._mark(True, event.position().toPoint())
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._mark(True, event.position().toPoint())
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Into the slot under the pointer, or into a new one."""
        data, target = event.mimeData(), self.slot_at(event.position().toPoint())
        self._mark(False)
        self.take(data, target)
        mix_drops.accept(event)

    def take(self, data: QMimeData, target: MixSlot | None = None) -> None:
        """Put what was dropped into the mix; a message says why if there is nothing in it."""
        mix_drops.take(data, self.studio, self.mixing.into(target))

    def slot_at(self, place: QPoint) -> MixSlot | None:
        """The slot whose small picture is at ``place`` of the panel."""
        for slot, row in self.rows.items():
            if row.picture.rect().contains(row.picture.mapFrom(self, place)):
                return slot
        return None

    def _mark(self, dropping: bool, place: QPoint | None = None) -> None:
        """Show where it would go: the ring of a slot, or that of the panel."""
        target = self.slot_at(place) if place is not None else None
        for slot, row in self.rows.items():
            row.picture.mark(slot is target)
        self._dropping = dropping and target is None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._dropping:
            painter = QPainter(self)
            painter.setPen(QPen(self.theme.colour("accent_line"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
