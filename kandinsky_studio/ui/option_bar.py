"""Above the document: what the tool in hand can be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Slot
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
from kandinsky_studio.tools.base import Option
from kandinsky_studio.ui.sizes import ICON, LARGE, MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.curve import CurveField
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import FlowLayout, IconButton

_SLIDER = 150  # pixels wide at the ordinary size of the font


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
        self._title.setMinimumWidth(1)
        self.more = IconButton(theme, "settings")
        self.more.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        self._rest: QWidget | None = None
        self._row = QWidget()
        FlowLayout(self._row, SMALL)
        self._row.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._row.setMinimumWidth(_SLIDER)  # not that of the longest words: the window must stay narrow if one wants
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
        row = self._row.layout()
        assert row is not None
        while (item := row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._icon.setPixmap(self._theme.icon(tool.id).pixmap(self._theme.px(ICON)))
        self._title.setText(_words(tool.title))
        self._title.setAccessibleName(self.tr("Tool: {tool}").format(tool=_words(tool.title)))
        for option in tool.options:
            if not option.folded:
                row.addWidget(self._control(option))
        folded = [option for option in tool.options if option.folded]
        self.more.setVisible(bool(folded))
        self.more.set_words(self.tr("More settings of the tool"))
        if folded:
            self._fold(folded)
        self.show_values()

    def _fold(self, options: list[Option]) -> None:
        menu = QMenu(self.more)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(LARGE, MEDIUM, LARGE, MEDIUM)
        column.setSpacing(SMALL)
        for option in options:
            column.addWidget(self._control(option))
        action = QWidgetAction(menu)
        action.setDefaultWidget(body)
        menu.addAction(action)
        before = self.more.menu()
        self.more.setMenu(menu)
        if before is not None:
            before.deleteLater()

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


def _words(text: str) -> str:
    return QCoreApplication.translate("tools", text)
