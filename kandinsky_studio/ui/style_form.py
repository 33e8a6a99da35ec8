"""The part of the ideas panel where styles are applied and made."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QProgressBar, QPushButton, QVBoxLayout

from kandinsky_studio.app.files import OPENABLE
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.mix_slots import Source
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.styles import FEWEST, MOST, Style
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.flow_row import FlowRow
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.style_row import StyleRow, StyleShelf, TrayPicture
from kandinsky_studio.ui.widgets.translated import Translated


class StyleForm(Translated):
    """Shows the studio's :class:`~kandinsky_studio.app.styles.Styles`; it keeps nothing of its own."""

    def __init__(self, studio: Studio, theme: Theme, from_marked: QAction) -> None:
        super().__init__()
        self.setObjectName("formBody")
        self._studio = studio
        self._theme = theme
        self.styles = studio.styles
        self.rows: dict[Style, StyleRow] = {}
        self.tray: list[TrayPicture] = []
        self.unable, self.teaching = paragraph("warning"), paragraph("muted")
        self._applied = QVBoxLayout()
        self._applied.setSpacing(MEDIUM)
        self._on_shelf, self._new = QLabel(), QLabel()
        for heading in (self._on_shelf, self._new):
            heading.setObjectName("heading")
        self.shelf = StyleShelf(theme)
        self.no_styles, self.no_pictures = paragraph("muted"), paragraph("muted")
        self._tray = QVBoxLayout()
        self._tray.setSpacing(TIGHT)
        self._flow: FlowRow | None = None
        self.marked, self.layer, self.files = QPushButton(), QPushButton(), QPushButton()
        self._from_marked = from_marked
        self.name = QLineEdit()
        self.name.setMaxLength(60)
        self.make = QPushButton()
        self.make.setObjectName("primary")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximum(100)
        column = QVBoxLayout(self)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(SMALL)
        column.addWidget(self.unable)
        column.addWidget(self.teaching)
        column.addLayout(self._applied)
        for part in (self._on_shelf, self.no_styles, self.shelf):
            column.addWidget(part)
        column.addSpacing(SMALL)
        column.addWidget(self._new)
        column.addWidget(self.no_pictures)
        column.addLayout(self._tray)
        column.addWidget(FlowRow(self.marked, self.layer, self.files))
        column.addWidget(self.name)
        column.addWidget(self.make)
        column.addWidget(self.progress)
        column.addStretch(1)
        self._connect()
        self.retranslate()
        self._show_tray()

    def _connect(self) -> None:
        styles, studio = self.styles, self._studio
        styles.shelf_changed.connect(self._show_shelf)
        styles.applied_changed.connect(self._show_applied)
        styles.tray_changed.connect(self._show_tray)
        styles.changed.connect(self._show)
        self.shelf.chosen.connect(self._apply)
        self.shelf.renamed.connect(self._rename)
        self.shelf.thrown.connect(self._throw_away)
        self.marked.clicked.connect(self._from_marked.trigger)
        self.layer.clicked.connect(lambda: studio.ingredients.layers(None, styles.add))
        self.files.clicked.connect(self.ask_for_pictures)
        self.name.returnPressed.connect(self._make)
        self.make.clicked.connect(self._make_or_stop)
        studio.model_chosen.connect(self._show)
        studio.editor.sheet_changed.connect(self._show)
        studio.editor.document_changed.connect(lambda _: self._show())
        self._theme.changed.connect(self._show_tray)

    def retranslate(self) -> None:
        self.teaching.setText(
            self.tr(
                "A style is what a handful of pictures have in common. It is added to whatever you make next: a "
                "picture of words, of a picture, or a mix."
            )
        )
        self._on_shelf.setText(self.tr("Styles"))
        self._new.setText(self.tr("A new style"))
        self.no_styles.setText(self.tr("There is no style yet: make one below."))
        self.no_pictures.setText(
            self.tr("Drop {fewest} to {most} pictures here that have nothing in common but their style.").format(
                fewest=FEWEST, most=MOST
            )
        )
        self.marked.setText(self.tr("Marked in the gallery"))
        self.layer.setText(self.tr("The layer"))
        self.files.setText(self.tr("Pictures…"))
        self.name.setPlaceholderText(self.tr("Name of the style"))
        self.name.setAccessibleName(self.tr("Name of the style"))
        self.progress.setAccessibleName(self.tr("Making the style"))
        self._show()
        self._show_shelf()

    # ------------------------------------------------------------------ what is shown

    @Slot()
    def _show(self) -> None:
        styles, studio = self.styles, self._studio
        self.unable.setVisible(not styles.able)
        self.unable.setText(
            self.tr("{model} has no ideas that a style could be added to. These have: {others}.").format(
                model=studio.models.title(studio.settings.values.model), others=", ".join(studio.ideas.able_models())
            )
        )
        self.teaching.setVisible(styles.able and not styles.applied)
        document = studio.editor.document
        for widget in (self.marked, self.files, self.name, self.shelf, *self.rows.values()):
            widget.setEnabled(styles.able)
        self.layer.setEnabled(styles.able and document is not None and document.active_id is not None)
        self.make.setEnabled(styles.able and (styles.busy or FEWEST <= len(styles.tray) <= MOST))
        self.make.setText(self.tr("Stop") if styles.busy else self.tr("Make the style"))
        self.progress.setVisible(styles.busy)
        self.progress.setValue(round(styles.fraction * 100))

    @Slot()
    def _show_shelf(self) -> None:
        found = self.styles.all
        self.shelf.show_pigments(
            [(style.name, None if style.picture is None else to_image(style.picture)) for style in found]
        )
        for chip, style in zip(self.shelf.chips, found, strict=True):
            chip.setEnabled(self.styles.fits(style))
            if not chip.isEnabled():
                reason = self.tr("{name}: made with a model that sees pictures differently")
                chip.setToolTip(reason.format(name=style.name))
        self.shelf.setVisible(bool(found))
        self.no_styles.setVisible(not found)

    @Slot()
    def _show_applied(self) -> None:
        applied = dict(self.styles.applied)
        for style in [style for style in self.rows if style not in applied]:
            row = self.rows.pop(style)
            self._applied.removeWidget(row)
            row.hide()
            row.deleteLater()
        for style, strength in applied.items():
            if style not in self.rows:
                row = StyleRow(self._theme, style.name, None if style.picture is None else to_image(style.picture))
                row.strengthened.connect(functools.partial(self.styles.apply, style))
                row.removed.connect(functools.partial(self.styles.put_off, style))
                self.rows[style] = row
                self._applied.addWidget(row)
            self.rows[style].strength.set_number(strength * 100)
            self.rows[style].show_fit(self.styles.fits(style))
        self._show()

    @Slot()
    def _show_tray(self) -> None:
        if self._flow is not None:
            self._tray.removeWidget(self._flow)
            self._flow.hide()
            self._flow.deleteLater()
        sources = self.styles.tray
        self.tray = [TrayPicture(self._theme, source.title(), source.picture()) for source in sources]
        for picture, source in zip(self.tray, sources, strict=True):
            words = self.tr("{name}: click to take it out").format(name=picture.name)
            picture.setToolTip(words)
            picture.setAccessibleName(words)
            picture.clicked.connect(functools.partial(self._take_out, source))
        self._flow = FlowRow(*self.tray)
        self._tray.addWidget(self._flow)
        self._flow.setVisible(bool(sources))
        self.no_pictures.setVisible(len(sources) < FEWEST)
        self._show()

    # ------------------------------------------------------------------ what is done

    def _take_out(self, source: Source, *_: object) -> None:
        self.styles.take_out(source)

    @Slot(str)
    def _apply(self, name: str) -> None:
        style = self.styles.named(name)
        if style is not None and style not in dict(self.styles.applied):
            self.styles.apply(style)

    @Slot(str, str)
    def _rename(self, before: str, name: str) -> None:
        style = self.styles.named(before)
        if style is not None:
            self.styles.rename(style, name)

    @Slot(str)
    def _throw_away(self, name: str) -> None:
        style = self.styles.named(name)
        if style is not None:
            self.styles.discard(style)

    @Slot()
    def ask_for_pictures(self) -> None:
        """Let the user choose files."""
        kinds = f"{self.tr('Pictures')} ({' '.join(OPENABLE)})"
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Pictures of one style"), "", kinds)
        for name in names:
            self._studio.ingredients.file(Path(name), self.styles.add)

    @Slot()
    def _make_or_stop(self) -> None:
        if self.styles.busy:
            self.styles.cancel()
        else:
            self._make()

    @Slot()
    def _make(self) -> None:
        if self.make.isEnabled() and not self.styles.busy:
            self.styles.make(self.name.text().strip() or self.tr("Style"))
            self.name.clear()
