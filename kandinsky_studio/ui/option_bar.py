"""Above the document: what the tool in hand can be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from kandinsky_studio.app.editor import Editor
from kandinsky_studio.tools import presets
from kandinsky_studio.tools.base import Option
from kandinsky_studio.ui.sizes import ICON, LARGE, MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.curve import CurveField
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import FlowLayout, IconButton

_SLIDER = 150  # pixels wide at the ordinary size of the font
_ROWS = 2


class OptionBar(QWidget):
    """Shows the options of the tool in hand; a change by key or gesture shows here, too."""

    def __init__(self, editor: Editor, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._editor = editor
        self._theme = theme
        self._shown: dict[str, Callable[[Any], None]] = {}
        self._icon = QLabel()
        self._title = QLabel()
        self._title.setObjectName("heading")
        self.more = IconButton(theme, "settings")
        self.more.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        self._open: list[QWidget] = []  # controls that are in the bar if there is room
        self._folded: list[QWidget] = []
        self._count = 0  # of those in the bar
        self.presets: QComboBox | None = None  # while a tool is in hand that has some
        self._row = QWidget()
        FlowLayout(self._row, SMALL)
        self._row.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._row.setMinimumWidth(1)  # not that of the longest words: the window must stay narrow if one wants
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MEDIUM, TIGHT, SMALL, TIGHT)
        layout.setSpacing(SMALL)
        layout.addWidget(self._icon)
        layout.addWidget(self._title)
        layout.addSpacing(SMALL)
        layout.addWidget(self._row, 1)
        layout.addWidget(self.more)
        editor.tool_changed.connect(self.rebuild)
        editor.options_changed.connect(self.show_values)
        theme.changed.connect(self.rebuild)
        self.rebuild()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.rebuild()
        super().changeEvent(event)

    @Slot()
    def rebuild(self) -> None:
        """Make the controls of the tool in hand."""
        tool = self._editor.tool
        self._shown.clear()
        self._fill(0, [])
        for widget in (*self._open, *self._folded):
            widget.hide()
            widget.deleteLater()
        self._icon.setPixmap(self._theme.icon(tool.id).pixmap(self._theme.px(ICON)))
        self._title.setText(_words(tool.title))
        self._icon.setToolTip(_words(tool.title))
        self._title.setAccessibleName(self.tr("Tool: {tool}").format(tool=_words(tool.title)))
        self.presets = self._preset_box() if any(preset.tool == tool.id for preset in presets.PRESETS) else None
        self._open = [self.presets] if self.presets is not None else []
        self._open += [self._control(option) for option in tool.options if not option.folded]
        self._folded = [self._control(option) for option in tool.options if option.folded]
        self.more.set_words(self.tr("More settings of the tool"))
        self._fill(self._fitting(), self._folded)
        self.show_values()

    def _preset_box(self) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(self.tr("Preset"))
        box.setPlaceholderText(self.tr("Own settings"))
        box.setToolTip(self.tr("Brushes that are set up already"))
        for preset in presets.PRESETS:
            box.addItem(self._theme.icon(preset.tool), _words(preset.title))
        box.setCurrentIndex(-1)
        box.activated.connect(lambda number: self.use(presets.PRESETS[number]))
        return box

    def use(self, preset: presets.Preset) -> None:
        """Take the tool of ``preset`` with its settings."""
        self._editor.take(preset.tool)
        presets.apply(preset, self._editor.tool)
        self._editor.options_changed.emit()

    def step(self, by: int) -> None:
        """To the next preset, or the previous one, and round."""
        self.use(presets.step(self._editor.tool, by))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fitting = self._fitting()
        if fitting != self._count:
            self._fill(fitting, self._folded)

    def _fitting(self) -> int:
        """How many controls two rows have room for; large letters or a narrow window leave less."""
        title = self._title.sizeHint().width()
        self._title.setVisible(title <= self.width() / 3)  # the icon says it, too
        taken = MEDIUM + self._theme.px(ICON) + self.more.sizeHint().width()
        taken += title if not self._title.isHidden() else 0
        room = self.width() - taken - 5 * SMALL
        x, row = 0, 1
        for number, widget in enumerate(self._open):
            width = widget.sizeHint().width()
            if x and x + width > room:
                x, row = 0, row + 1
            if row > _ROWS or width > room:
                return number
            x += width + SMALL
        return len(self._open)

    def _fill(self, count: int, folded: list[QWidget]) -> None:
        """Put the first ``count`` controls into the bar, the others and ``folded`` behind the button."""
        row = self._row.layout()
        assert row is not None
        while row.takeAt(0) is not None:
            pass
        self._count = count
        for widget in self._open[:count]:
            row.addWidget(widget)
            widget.show()
        behind = [*self._open[count:], *folded] if self._open or folded else []
        before = self.more.menu()
        if behind:
            self._fold(behind)
        else:
            self.more.setMenu(None)  # type: ignore[arg-type]
        self.more.setVisible(bool(behind))
        if before is not None:
            before.deleteLater()

    def _fold(self, widgets: list[QWidget]) -> None:
        menu = QMenu(self.more)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(SMALL)
        for widget in widgets:
            column.addWidget(widget)
            widget.show()
        action = QWidgetAction(menu)
        action.setDefaultWidget(body)
        menu.addAction(action)
        self.more.setMenu(menu)

    def _control(self, option: Option) -> QWidget:
        build = {
            "number": self._number,
            "switch": self._switch,
            "choice": self._choice,
            "curve": self._curve,
            "button": self._button,
        }[option.kind]
        return build(option)

    def _number(self, option: Option) -> QWidget:
        factor = option.factor
        suffix = f" {option.unit}" if option.unit not in ("", "°") else option.unit
        slider = LabelledSlider(
            self._theme,
            option.minimum * factor,
            option.maximum * factor,
            getattr(self._editor.tool, option.attribute) * factor,
            decimals=option.decimals,
            suffix=suffix,
            logarithmic=option.logarithmic,
        )
        slider.set_words(_words(option.title))
        slider.setFixedWidth(max(self._theme.px(_SLIDER), slider.minimumSizeHint().width()))
        slider.changed.connect(lambda value: self._set(option, value / factor))
        self._shown[option.attribute] = lambda value: slider.set_number(value * factor)
        return slider

    def _switch(self, option: Option) -> QWidget:
        box = QCheckBox(_words(option.title))
        box.clicked.connect(lambda on: self._set(option, on))
        self._shown[option.attribute] = box.setChecked
        return box

    def _choice(self, option: Option) -> QWidget:
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TIGHT)
        box = QComboBox()
        label = QLabel(_words(option.title))
        label.setBuddy(box)
        box.setAccessibleName(_words(option.title))
        for _, title in option.choices:
            box.addItem(_words(title))
        values = [value for value, _ in option.choices]
        box.activated.connect(lambda number: self._set(option, values[number]))
        layout.addWidget(label)
        layout.addWidget(box)
        self._shown[option.attribute] = lambda value: box.setCurrentIndex(values.index(value))
        return holder

    def _curve(self, option: Option) -> QWidget:
        curve = CurveField(self._theme)
        curve.set_words(_words(option.title))
        curve.changed.connect(lambda points: self._set(option, points))
        self._shown[option.attribute] = curve.set_points
        return curve

    def _button(self, option: Option) -> QWidget:
        button = QPushButton(_words(option.title))
        button.clicked.connect(lambda: self._run(option.attribute))
        return button

    def _set(self, option: Option, value: Any) -> None:
        try:
            self._editor.set_option(option.attribute, value)
        except Exception as error:  # noqa: BLE001  a number that the tool can't have now
            self._editor.desk.fail(error)
            self.show_values()

    def _run(self, method: str) -> None:
        try:
            getattr(self._editor.tool, method)()
        except Exception as error:  # noqa: BLE001
            self._editor.desk.fail(error)
        self.show_values()

    @Slot()
    def show_values(self) -> None:
        """Show what the tool has now."""
        for attribute, show in self._shown.items():
            show(getattr(self._editor.tool, attribute))
        if self.presets is not None:
            preset = presets.current(self._editor.tool)
            self.presets.setCurrentIndex(presets.PRESETS.index(preset) if preset is not None else -1)


def _words(text: str) -> str:
    return QCoreApplication.translate("tools", text)
