"""The layers of the document in front: what lies above what, and how it is blended."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPoint, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.layer_words import LABELS, MODES
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document import layer_list
from kandinsky_studio.document import layer_operations as operations
from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.depth_row import DepthRow
from kandinsky_studio.ui.layer_rows import Part
from kandinsky_studio.ui.layer_tree import LayerTree
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.sizes import MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import FlowToolBar, IconButton

_PICTURES = 250  # milliseconds after a stroke until the small pictures follow
_BUTTONS = (
    "layer.new",
    "layer.group",
    "layer.add_mask",
    "layer.duplicate",
    "layer.merge_down",
    "layer.raise",
    "layer.lower",
    "layer.delete",
)


class LayersPanel(Panel):
    """Mode and opacity above, the rows, buttons below. The inpaint mask has its own settings in place of a mode."""

    key = "layers"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    of_document = True

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self._editor = studio.editor
        self.tree = LayerTree(theme)
        self.mode = QComboBox()
        self.opacity = LabelledSlider(theme, 0, 100, 100, suffix=" %")
        self.grow = LabelledSlider(theme, -100, 100, 0, suffix=" px")
        self.feather = LabelledSlider(theme, 0, 200, 0, suffix=" px")
        self.inverted = IconButton(theme, "invert")
        self.inverted.setCheckable(True)
        self.locked = IconButton(theme, "lock", small=True)
        self.alpha_locked = IconButton(theme, "alpha_lock", small=True)
        for button in (self.locked, self.alpha_locked):
            button.setCheckable(True)
        self.bar = FlowToolBar(theme)
        for id in _BUTTONS:
            self.bar.add_action(actions.commands.action(id))
        self._empty = QLabel()
        self._empty.setObjectName("galleryEmpty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._settings = QStackedWidget()
        self._settings.addWidget(self._blending())
        self._settings.addWidget(self._masking())
        self.depth_row = DepthRow(studio, theme, actions)
        self._settings.addWidget(self.depth_row)
        self._settings.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(MEDIUM, 0, MEDIUM, SMALL)
        column.setSpacing(SMALL)
        column.addWidget(self._settings)
        column.addWidget(self.tree, 1)
        column.addWidget(self.bar)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self._pictures = QTimer(self)
        self._pictures.setSingleShot(True)
        self._pictures.setInterval(_PICTURES)
        self._pictures.timeout.connect(self.tree.rows.refresh)
        self._connect()
        self.retranslate()
        self._show_sheet()

    def _blending(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(TIGHT)
        row = QHBoxLayout()
        row.setSpacing(TIGHT)
        row.addWidget(self.mode, 1)
        row.addWidget(self.alpha_locked)
        row.addWidget(self.locked)
        column.addLayout(row)
        column.addWidget(self.opacity)
        return page

    def _masking(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(TIGHT)
        row = QHBoxLayout()
        row.setSpacing(TIGHT)
        row.addWidget(self.grow, 1)
        row.addWidget(self.inverted)
        column.addLayout(row)
        column.addWidget(self.feather)
        return page

    def _connect(self) -> None:
        self._editor.sheet_changed.connect(self._show_sheet)
        self._editor.document_changed.connect(self._changed)
        self.tree.chosen.connect(self._choose)
        self.tree.renamed.connect(self._rename_to)
        self.tree.pressed_part.connect(self.pressed)
        self.tree.dropped.connect(self.dropped)
        self.tree.customContextMenuRequested.connect(self._open_menu)
        self.tree.itemExpanded.connect(self._pictures.start)
        self.mode.activated.connect(lambda _: self._set("mode", self.mode.currentData()))
        self.locked.clicked.connect(lambda on: self._set("locked", on))
        self.alpha_locked.clicked.connect(lambda on: self._set("alpha_locked", on))
        self.inverted.clicked.connect(lambda on: self._set("inverted", on))
        for slider, name, factor in (
            (self.opacity, "opacity", 100),
            (self.grow, "grow", 1),
            (self.feather, "feather", 1),
        ):
            kind = float if name != "grow" else round
            slider.changed.connect(
                lambda value, name=name, factor=factor, kind=kind: self._set(name, kind(value / factor), dragging=True)
            )
        self.depth_row.opacity_changed.connect(lambda value: self._set("opacity", value, dragging=True))
        self._actions_implement()

    def _actions_implement(self) -> None:
        commands = self.actions_.commands
        commands.implement("layer.rename", self._rename)
        commands.implement("layer.solo", self._solo_active)

    # ------------------------------------------------------------------ words

    def title(self) -> str:
        return self.tr("Layers")

    def focus_first(self) -> None:
        self.tree.setFocus()

    def retranslate(self) -> None:
        self._empty.setText(self.tr("Open or begin a document to paint in layers."))
        self.tree.setAccessibleName(self.tr("Layers"))
        self.mode.setAccessibleName(self.tr("Blend mode"))
        self.opacity.set_words(self.tr("Opacity"))
        self.grow.set_words(self.tr("Grow"), self.tr("Makes the mask larger or smaller; what is painted stays."))
        self.feather.set_words(self.tr("Feather"), self.tr("Softens the edge of the mask; what is painted stays."))
        self.inverted.set_words(self.tr("Use the mask inverted"))
        self.locked.set_words(self.tr("Lock the layer"))
        self.alpha_locked.set_words(self.tr("Lock transparency: paint only where something is"))
        chosen = self.mode.currentData()
        self.mode.clear()
        for group in MODES:
            if self.mode.count():
                self.mode.insertSeparator(self.mode.count())
            for mode, title in group:
                self.mode.addItem(QCoreApplication.translate("layers", title), mode)
        self.mode.setCurrentIndex(self.mode.findData(chosen))

    # ------------------------------------------------------------------ what is shown

    @property
    def _document(self) -> Document | None:
        return self._editor.document

    @Slot()
    def _show_sheet(self) -> None:
        self._pages.setCurrentIndex(0 if self._document is None else 1)
        self._fill()

    @Slot(object)
    def _changed(self, change: Change) -> None:
        if change.state:
            self._fill()
        if change.action:
            self._pictures.start()

    def _fill(self) -> None:
        """Make the rows those of the document."""
        self.tree.show_document(self._document, self.tr("hidden"), self.tr("locked"))
        self._show_settings()
        self._pictures.start()

    def _show_settings(self) -> None:
        document = self._document
        layer = document.active if document else None
        self._settings.setEnabled(layer is not None)
        if layer is None:
            return
        self._settings.setCurrentIndex({Kind.INPAINT: 1, Kind.DEPTH: 2}.get(layer.kind, 0))
        self.depth_row.show_layer(layer)
        self.mode.setCurrentIndex(self.mode.findData(layer.mode))
        self.mode.setEnabled(layer.in_picture)
        self.alpha_locked.setEnabled(layer.kind is Kind.PIXELS)
        self.opacity.set_number(layer.opacity * 100)
        self.locked.setChecked(layer.locked)
        self.alpha_locked.setChecked(layer.alpha_locked)
        self.grow.set_number(layer.grow)
        self.feather.set_number(layer.feather)
        self.inverted.setChecked(layer.inverted)

    # ------------------------------------------------------------------ what is done

    def _set(self, name: str, value: object, dragging: bool = False) -> None:
        document = self._document
        if document is None or document.active_id is None or document.editing:
            return
        self._run(lambda: operations.set_property(document, document.active_id or 0, name, value, dragging=dragging))

    def _run(self, deed: object) -> None:
        assert callable(deed)
        self._editor.finish_tool()
        try:
            deed()
        except Exception as error:  # noqa: BLE001
            self.studio.messages.error(error)
        self._show_settings()

    @Slot(int)
    def _choose(self, id: int) -> None:
        document = self._document
        if document is not None and not document.editing and document.state.find(id) is not None:
            self._editor.finish_tool()
            document.activate(id)

    @Slot(int, str)
    def _rename_to(self, id: int, name: str) -> None:
        document = self._document
        if document is not None and document.state.find(id) is not None:
            self._run(lambda: operations.rename(document, id, name))
            self._fill()  # a name that it can't have is not shown

    @Slot()
    def _rename(self) -> None:
        document = self._document
        if document is not None and document.active_id is not None:
            self.tree.rename(document.active_id)

    def selected(self) -> list[int]:
        """The ids of the marked layers; the active one is among them."""
        return self.tree.selected()

    @Slot(int, object, object)
    def pressed(self, id: int, part: Part, modifiers: Qt.KeyboardModifier) -> None:
        """The eye, the lock or a small picture of a row."""
        document = self._document
        if document is None or document.editing:
            return
        layer = document.state.layer(id)
        if part is Part.EYE and modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier):
            self._solo(document, id)
        elif part is Part.EYE:
            self._run(lambda: operations.set_property(document, id, "visible", not layer.visible))
        elif part is Part.LOCK:
            self._run(lambda: operations.set_property(document, id, "locked", not layer.locked))
        elif part is Part.MASK and modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._run(lambda: operations.set_property(document, id, "mask_enabled", not layer.mask_enabled))
        else:
            self._editor.finish_tool()
            self._editor.desk.edit_mask = part is Part.MASK
            document.activate(id)
            self.tree.rows.set_edits_mask(part is Part.MASK)

    @Slot()
    def _solo_active(self) -> None:
        document = self._document
        if document is not None and document.active_id is not None:
            self._solo(document, document.active_id)

    def _solo(self, document: Document, id: int) -> None:
        """Show one layer alone; again, and all are shown."""
        self._run(lambda: layer_list.solo(document, id))

    @Slot(list, object, object)
    def dropped(self, ids: list[int], target: int | None, where: QAbstractItemView.DropIndicatorPosition) -> None:
        """Rows were dropped: into a group, or above or below a row."""
        document = self._document
        if document is None or not ids or target in ids:
            return
        self._run(lambda: layer_list.drop(document, ids, *self._place(document, target, where)))

    @staticmethod
    def _place(
        document: Document, target: int | None, where: QAbstractItemView.DropIndicatorPosition
    ) -> tuple[int | None, int | None]:
        """The group, and the layer in it that the dropped ones come to lie on; None is the bottom, -1 the top."""
        positions = QAbstractItemView.DropIndicatorPosition
        if target is None or where is positions.OnViewport:
            return None, layer_list.BOTTOM
        if where is positions.OnItem:
            return target, layer_list.TOP
        parent, number = document.state.place(target)
        siblings = document.state.siblings(parent)
        if where is positions.AboveItem:
            return parent, target
        return parent, siblings[number - 1].id if number > 0 else layer_list.BOTTOM

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        document = self._document
        if document is None:
            return
        action = self.actions_.commands.action
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for ids in (
            ("layer.rename", "layer.duplicate", "layer.delete"),
            ("layer.group", "layer.ungroup"),
            ("layer.add_mask", "layer.apply_mask", "layer.remove_mask"),
            ("layer.merge_down", "layer.flatten"),
            ("selection.from_layer_alpha", "mask.from_layer_alpha", "depth.estimate_layer"),
        ):
            menu.addActions([action(id) for id in ids])
            menu.addSeparator()
        labels = menu.addMenu(self.tr("Colour label"))
        for label, title, colour in LABELS:
            entry = labels.addAction(QCoreApplication.translate("layers", title))
            entry.setIcon(self.tree.rows.dot(QColor(colour) if colour else None))
            entry.triggered.connect(lambda _=False, label=label: self._set("label", label))
        menu.popup(self.tree.viewport().mapToGlobal(place))

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(300), self.theme.px(320))
