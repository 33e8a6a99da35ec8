"""The user's own styles: their words, to be tried while one writes them; taken from files and given to others."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.wording.styles import SETTINGS, Style
from kandinsky_studio.app.wording.styling import PLACE, Texts, styled
from kandinsky_studio.ui.sizes import LARGE, SMALL
from kandinsky_studio.ui.theme import Theme

_WIDTH, _HEIGHT = 640, 420  # pixels at an ordinary font


class StylesDialog(QWidget):
    """Stays open beside the window. What is written is kept when one goes on to something else."""

    def __init__(self, studio: Studio, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("formBody")
        self._studio, self._styles = studio, studio.words.styles
        self.list = QListWidget()
        self.name, self.text, self.negative = QLineEdit(), QPlainTextEdit(), QLineEdit()
        self.text.setTabChangesFocus(True)
        self.numbers = QCheckBox()
        self.preview, self.empty = QLabel(), QLabel()
        for label in (self.preview, self.empty):
            label.setObjectName("muted")
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.new, self.copy, self.delete = QPushButton(), QPushButton(), QPushButton()
        self.take_in, self.give, self.done = QPushButton(), QPushButton(), QPushButton()
        self._shown: str | None = None  # the name of the style in the fields
        self._build(theme)
        self.list.currentItemChanged.connect(self._go)
        for field in (self.name, self.negative):
            field.editingFinished.connect(self._keep)
        self.text.textChanged.connect(self._show_preview)
        self.negative.textChanged.connect(self._show_preview)
        self.numbers.clicked.connect(self._keep)
        for button, do in (
            (self.new, self._make),
            (self.copy, self._copy),
            (self.delete, self._delete),
            (self.take_in, self._take_in),
            (self.give, self._give),
            (self.done, self.close),
        ):
            button.clicked.connect(do)
        self._styles.changed.connect(self._fill)
        self.retranslate()
        self.resize(theme.px(_WIDTH), theme.px(_HEIGHT))

    def _build(self, theme: Theme) -> None:
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL)
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)
        for pair in ((self.new, self.delete), (self.take_in, self.give)):
            row = QHBoxLayout()
            for button in pair:
                row.addWidget(button, 1)
            column.addLayout(row)
        column.addWidget(self.copy)
        self.form = QFormLayout(right)
        self.form.setContentsMargins(LARGE, 0, 0, 0)
        self.form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        self._labels = [QLabel() for _ in range(3)]
        for label, widget in zip(self._labels, (self.name, self.text, self.negative), strict=True):
            label.setBuddy(widget)
            self.form.addRow(label, widget)
        self.form.addRow(self.numbers)
        self.form.addRow(self.preview)
        self._right = right
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.done)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(LARGE, LARGE, LARGE, LARGE)
        whole.setSpacing(LARGE)
        whole.addWidget(split, 1)
        whole.addLayout(foot)

    def retranslate(self) -> None:
        """Set every text anew."""
        self.setWindowTitle(self.tr("Prompt styles"))
        self.list.setAccessibleName(self.tr("Your styles"))
        self.empty.setText(self.tr("No style of your own yet. A copy of a ready-made one is a good beginning."))
        names = (self.tr("Name"), self.tr("Words"), self.tr("Negative words"))
        for label, widget, text in zip(self._labels, (self.name, self.text, self.negative), names, strict=True):
            label.setText(text)
            widget.setAccessibleName(text)
        self.text.setPlaceholderText(self.tr("{prompt} stands for the prompt; without it the words come behind it."))
        self.text.setToolTip(self.text.placeholderText())
        self.numbers.setText(self.tr("Set the steps and the guidance of now, too"))
        self.new.setText(self.tr("New"))
        self.copy.setText(self.tr("Copy a ready-made one"))
        self.delete.setText(self.tr("Delete"))
        self.take_in.setText(self.tr("Import…"))
        self.give.setText(self.tr("Export…"))
        self.done.setText(self.tr("Close"))
        self._fill()

    # ------------------------------------------------------------------ the list

    @Slot()
    def _fill(self) -> None:
        wanted = self._shown
        rows = [style.name for style in self._styles.own]
        with QSignalBlocker(self.list):
            self.list.clear()
            for name in rows:
                self.list.addItem(QListWidgetItem(name))
            self.list.setCurrentRow(rows.index(wanted) if wanted in rows else 0)
        self.list.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.delete.setEnabled(bool(rows))
        self.give.setEnabled(bool(rows))
        self._show(self._style(self.list.currentItem()))

    def _style(self, item: QListWidgetItem | None) -> Style | None:
        return next((style for style in self._styles.own if item is not None and style.name == item.text()), None)

    @Slot(QListWidgetItem, QListWidgetItem)
    def _go(self, item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        name = item.text() if item is not None else None
        self._keep()
        self._shown = name
        self._fill()

    def _show(self, style: Style | None) -> None:
        self._right.setEnabled(style is not None)
        self._shown = style.name if style is not None else None
        for field, text in ((self.name, style.name if style else ""), (self.negative, style.negative if style else "")):
            if field.text() != text:
                field.setText(text)
        if self.text.toPlainText() != (style.text if style else ""):
            self.text.setPlainText(style.text if style else "")
        self.numbers.setChecked(bool(style and style.settings))
        self._show_preview()

    @Slot()
    def _show_preview(self) -> None:
        style = self._typed()
        if style is None:
            self.preview.setText("")
            return
        typed = self._studio.words.typed
        sent = styled(Texts(typed.prompt.strip() or self.tr("a red circle"), typed.negative), [style])
        lines = [self.tr("Sent: {words}").format(words=sent.prompt)]
        if sent.negative:
            lines.append(self.tr("Not: {words}").format(words=sent.negative))
        self.preview.setText("\n".join(lines))

    # ------------------------------------------------------------------ keeping

    def _typed(self) -> Style | None:
        before = self._styles.named(self._shown) if self._shown else None
        if before is None:
            return None
        values = self._studio.settings.values
        settings = dict(before.settings) or {name: getattr(values, name) for name in SETTINGS}
        name = " ".join(self.name.text().split()) or before.name
        kept = settings if self.numbers.isChecked() else {}
        return Style(name, self.text.toPlainText().strip(), self.negative.text().strip(), kept)

    @Slot()
    def _keep(self) -> None:
        """Keep what is written, if it is something else now."""
        typed = self._typed()
        before = self._styles.named(self._shown) if self._shown else None
        if typed is not None and typed != before and self._shown is not None and (typed.text or typed.negative):
            before_name, self._shown = self._shown, typed.name
            self._shown = self._styles.save(typed, before_name)

    @Slot()
    def _make(self) -> None:
        self._keep()
        self._shown = self._styles.save(Style(self.tr("New style"), f"{PLACE}, "))
        self._fill()
        self.name.setFocus()
        self.name.selectAll()

    @Slot()
    def _copy(self) -> None:
        menu = QMenu(self)
        for style in self._styles.shipped:
            title = self._styles.title(style)
            copied = Style(title, style.text, style.negative, dict(style.settings))
            menu.addAction(title, functools.partial(self._take, copied))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.copy.mapToGlobal(self.copy.rect().bottomLeft()))

    def _take(self, style: Style) -> None:
        self._keep()
        self._shown = self._styles.save(style)
        self._fill()

    @Slot()
    def _delete(self) -> None:
        if self._shown is not None:
            name, self._shown = self._shown, None
            self._styles.delete(name)

    @Slot()
    def _take_in(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Import styles"), "", "JSON (*.json)")
        if name:
            self._styles.import_from(Path(name))

    @Slot()
    def _give(self) -> None:
        self._keep()
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export styles"), "styles.json", "JSON (*.json)")
        if name:
            self._styles.export_to(Path(name), self._styles.own)

    def hideEvent(self, event: object) -> None:
        self._keep()
        super().hideEvent(event)  # type: ignore[arg-type]
