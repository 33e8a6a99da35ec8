"""The page of the window where one paints: tools at the left, their options above, the document, and a line below."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from kandinsky_studio.app.editor import Editor, Sheet
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.document import Change
from kandinsky_studio.errors import StudioError
from kandinsky_studio.tools import TOOLS
from kandinsky_studio.tools.frame import Frame, standing
from kandinsky_studio.tools.move import Move
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.candidate_views import CandidateViews
from kandinsky_studio.ui.easel.camera import Sighting
from kandinsky_studio.ui.easel.view import DocumentView
from kandinsky_studio.ui.live_bar import LiveBar
from kandinsky_studio.ui.option_bar import OptionBar
from kandinsky_studio.ui.sizes import BUTTON, MEDIUM, TIGHT
from kandinsky_studio.ui.task_bar import TaskBar
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.colours import ColourPair
from kandinsky_studio.ui.widgets.figures import Figures
from kandinsky_studio.ui.widgets.form_area import FormArea
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import FlowToolBar
from kandinsky_studio.ui.widgets.translated import Translated

_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class ToolColumn(QWidget):
    """The tools in two columns, and the two colours below them."""

    def __init__(self, editor: Editor, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._editor = editor
        self._theme = theme
        self.bar = FlowToolBar(theme)
        for tool in TOOLS:
            action = actions.commands.implement(f"tool.{tool.id}", lambda _=False, id=tool.id: editor.take(id))
            action.setCheckable(True)
            self.bar.add_action(action, tool.id)
        self._actions = actions
        self.colours = ColourPair(theme)
        self.colours.changed.connect(editor.set_colours)
        self.colours.foreground_pressed.connect(lambda: editor.colour_wanted.emit(True))
        self.colours.background_pressed.connect(lambda: editor.colour_wanted.emit(False))
        editor.colours_changed.connect(self._show_colours)
        editor.sheet_changed.connect(self._show_colours)
        editor.document_changed.connect(self._document_changed)
        editor.tool_changed.connect(self._show_tool)
        actions.commands.changed.connect(self._show_keys)
        theme.changed.connect(self._set_width)
        body = QWidget()
        body.setObjectName("formBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(TIGHT, TIGHT, TIGHT, TIGHT)
        column.setSpacing(MEDIUM)
        column.addWidget(self.bar)
        column.addWidget(self.colours, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self._scroll = FormArea(body)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)
        self._set_width()
        self._show_colours()
        self._show_tool()
        self._show_keys()

    @Slot()
    def _set_width(self) -> None:
        self.setFixedWidth(2 * self._theme.px(BUTTON) + 3 * TIGHT + 8)

    @Slot(object)
    def _document_changed(self, change: Change) -> None:
        if change.state:
            self.colours.set_greyed(self._editor.paints_grey)

    @Slot()
    def _show_colours(self) -> None:
        self.colours.set_greyed(self._editor.paints_grey)
        self.colours.set_colours(self._editor.desk.foreground, self._editor.desk.background)

    @Slot()
    def _show_tool(self) -> None:
        self._actions.commands.action(f"tool.{self._editor.tool.id}").setChecked(True)

    @Slot()
    def _show_keys(self) -> None:
        commands = self._actions.commands
        self.colours.set_keys(commands.key_text("edit.swap_colours"), commands.key_text("edit.reset_colours"))


class DocumentBar(Translated):
    """Below the document: what the tool does, where the pointer is, the size and the zoom."""

    def __init__(self, editor: Editor, view: DocumentView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._editor = editor
        self._view = view
        self.hint = StatusLine(Qt.AlignmentFlag.AlignLeft)
        self.place = Figures("00000, 00000")
        self.dimensions = _muted("")
        self.zoom = _muted("6400 %")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MEDIUM, TIGHT, MEDIUM, TIGHT)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.hint, 1)
        for label in (self.place, self.dimensions, self.zoom):
            layout.addWidget(label)
        view.zoom_changed.connect(self._show_zoom)
        view.angle_changed.connect(self._show_zoom)
        view.pointer_moved.connect(self._show_place)
        view.pointer_left.connect(self.place.clear)
        editor.tool_changed.connect(self.retranslate)
        editor.said.connect(self._say)
        self.retranslate()

    def retranslate(self) -> None:
        self.hint.setText(QCoreApplication.translate("tools", self._editor.tool.hint))
        self._show_zoom()
        self.show_size()

    @Slot(str)
    def _say(self, text: str) -> None:
        self.hint.setText(QCoreApplication.translate("tools", text))

    @Slot()
    def _show_zoom(self) -> None:
        percent, angle = self._view.zoom * 100, round(self._view.angle) % 360
        text = f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %"
        self.zoom.setText(f"{text}, {angle}°" if angle else text)

    @Slot(QPointF)
    def _show_place(self, point: QPointF) -> None:
        document = self._view.document
        if document is not None:
            canvas = document.state.canvas
            self.place.setText(f"{int(point.x() // 1) - canvas.x}, {int(point.y() // 1) - canvas.y}")

    def show_size(self) -> None:
        """The document's size may be another now."""
        document = self._view.document
        if document is not None:
            self.dimensions.setText(f"{document.state.canvas.width} × {document.state.canvas.height}")


class DocumentPage(QWidget):
    """Shows the document that is in front."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        editor = self._editor = studio.editor
        self._candidates = studio.candidates
        self.theme = theme
        self._actions = actions
        self._sheet: Sheet | None = None  # the one that is shown
        self._seen: dict[Sheet, Sighting] = {}  # how the others were seen last
        self._ruled = False
        self.view = DocumentView(editor.desk)
        editor.desk.options_changed = editor.options_changed.emit
        self.view.set_picker(editor.tools.get("picker"))
        self.tools = ToolColumn(editor, theme, actions)
        self.options = OptionBar(editor, theme)
        self.bar = DocumentBar(editor, self.view)
        self.live_bar = LiveBar(studio, theme, actions, self.view)
        self.task_bar = TaskBar(studio, theme, actions)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.view)
        middle = QVBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.options)
        middle.addWidget(self.stack, 1)
        middle.addWidget(self.live_bar)
        middle.addWidget(self.task_bar)
        middle.addWidget(self.bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tools)
        layout.addLayout(middle, 1)
        editor.tool_changed.connect(self._take_tool)
        editor.sheet_changed.connect(self.show_sheet)
        self._candidates.verb_changed.connect(self._show_frame)
        self.view.installEventFilter(self)
        self.candidate_views = CandidateViews(studio, theme, self.view, self.stack)
        theme.changed.connect(self._set_colours)
        self._take_tool()
        self._set_colours()

    @Slot()
    def show_sheet(self) -> None:
        """Show the document in front, where and how large it was seen last."""
        sheet = self._editor.sheet
        if self._sheet is not None:
            self._seen[self._sheet] = self.view.camera.sighting()
        self._seen = {one: seen for one, seen in self._seen.items() if one in self._editor.sheets}
        self._sheet = sheet
        self.view.set_document(sheet.document if sheet else None)
        if sheet in self._seen:
            self.view.camera.resume(self._seen[sheet])
        elif sheet is not None:
            self.view.camera.mirror(False)
        self.view.camera_moved()
        self._actions.commands.action("view.mirror").setChecked(self.view.camera.mirrored)
        self.bar.retranslate()
        self._show_frame()

    @Slot()
    def _show_frame(self) -> None:
        document = self._editor.document
        tool = self._editor.tool
        hidden = document is None or isinstance(tool, Frame)
        if isinstance(tool, Frame):
            tool.follow()
        self.view.set_standing(() if hidden or document is None else standing(document))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrow keys go through candidates while some wait, and nudge what the move tool holds; else the view."""
        if watched is self.view and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            way = _ARROWS.get(Qt.Key(event.key()))
            modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            plain, shifted = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
            if way is None or modifiers not in (plain, shifted):
                return False
            if modifiers == plain and way[0] and self._candidates.count > 1:
                self._candidates.step(way[0])
                return True
            if isinstance(self._editor.tool, Move):
                by = 10 if modifiers == shifted else 1
                try:
                    self._editor.tool.nudge(way[0] * by, way[1] * by)
                except StudioError as error:
                    self._editor.desk.fail(error)
                return True
        return False

    def show_rulers(self, shown: bool) -> None:
        """Rulers at two edges of the view."""
        self._ruled = shown
        self._set_colours()

    @Slot()
    def _take_tool(self) -> None:
        self.view.set_tool(self._editor.tool)
        self._show_frame()

    @Slot()
    def _set_colours(self) -> None:
        theme = self.theme
        self.view.set_background(theme.colour("canvas"))
        self.view.set_checks(theme.colour("check_light"), theme.colour("check_dark"))
        self.view.set_accent(theme.colour("accent_line"))
        self.view.set_rulers(self._ruled, theme.colour("panel"), theme.colour("muted"))


def _muted(widest: str) -> QLabel:
    label = QLabel()
    label.setObjectName("muted")
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest))
    return label
