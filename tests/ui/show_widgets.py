"""Draws every kind of widget into PNG files, to be looked at: ``python -m tests.ui.show_widgets DIR``.

Light and dark, the font at 100 and 200 %, in English and in Russian; and all icons at their sizes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSlider,
    QTabBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.translation import Translation
from kandinsky_studio.ui import icons
from kandinsky_studio.ui.sizes import MEDIUM, SMALL, TIGHT, WIDE
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.colour_picker import ColourPicker
from kandinsky_studio.ui.widgets.colours import ColourPair
from kandinsky_studio.ui.widgets.number import DecimalBox, WholeBox
from kandinsky_studio.ui.widgets.search_field import SearchField
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import FlowToolBar, IconButton

WORDS = {
    "en": "Opacity|Brush size|Hardness|Generate|Cancel|Only the mask|Whole picture|Normal|Multiply|Layer|Group|"
    "Sketch of a cat.ora|Untitled|Search prompts|a yellow circle to the left of a red star|Soft edge|Copy|Paste|Delete",
    "ru": "Непрозрачность|Размер кисти|Жёсткость|Создать|Отменить|Только маска|Вся картина|Обычный|Умножение|Слой|"
    "Группа|Набросок кота.ora|Без названия|Искать в описаниях|жёлтый круг слева от красной звезды|Мягкий край|"
    "Копировать|Вставить|Удалить",
}
TOOLS = """move transform crop select_rectangle select_ellipse select_lasso select_polygon select_wand
select_colour_range brush pencil eraser smudge fill gradient picker mask_brush mask_eraser frame hand zoom rotate_view"""


class Show(QWidget):
    """One of each, as they stand in panels."""

    def __init__(self, theme: Theme, language: str) -> None:
        super().__init__()
        self.theme = theme
        self.words = WORDS[language].split("|")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(f"Show {{ background: {theme.colour('panel').name()}; }}")
        row = QHBoxLayout(self)
        row.setContentsMargins(WIDE, WIDE, WIDE, WIDE)
        row.setSpacing(WIDE)
        for column in (self.tools(), self.fields(), self.lists(), self.colours()):
            column.setMaximumWidth(theme.px(300))
            row.addWidget(column, 0, Qt.AlignmentFlag.AlignTop)

    def tools(self) -> QWidget:
        bar = FlowToolBar(self.theme)
        for name in TOOLS.split():
            button = IconButton(self.theme, name)
            button.setCheckable(True)
            bar.add(button)
        bar.buttons[9].setChecked(True)
        bar.buttons[3].setEnabled(False)
        bar.setFixedWidth(self.theme.px(32) * 4 + 3 * TIGHT)
        opacity = LabelledSlider(self.theme, 0, 100, 100, suffix=" %")
        size = LabelledSlider(self.theme, 1, 2000, 24, suffix=" px", logarithmic=True)
        hardness = LabelledSlider(self.theme, 0, 1, 0.5, decimals=2)
        opacity.set_number(62)
        hardness.setEnabled(False)
        for slider, word in zip((opacity, size, hardness), self.words, strict=False):
            slider.set_words(word)
        return column(bar, opacity, size, hardness, ColourPair(self.theme))

    def fields(self) -> QWidget:
        w = self.words
        edit, prompt, search = QLineEdit(w[14]), QPlainTextEdit(w[14]), SearchField(self.theme)
        search.setPlaceholderText(w[13])
        prompt.setFixedHeight(self.theme.px(60))
        combo = QComboBox()
        combo.addItems([w[7], w[8]])
        whole, decimal = WholeBox(), DecimalBox()
        generate, cancel, off = QPushButton(w[3]), QPushButton(w[4]), QPushButton(w[4])
        generate.setObjectName("primary")
        off.setEnabled(False)
        checks = [QCheckBox(w[5]), QCheckBox(w[6]), QRadioButton(w[5]), QRadioButton(w[6])]
        checks[0].setChecked(True)
        checks[2].setChecked(True)
        disabled = QCheckBox(w[15])
        disabled.setChecked(True)
        disabled.setEnabled(False)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setValue(40)
        progress = QProgressBar()
        progress.setValue(45)
        group = QGroupBox(w[9])
        inside = QVBoxLayout(group)
        for check in (*checks, disabled):
            inside.addWidget(check)
        return column(
            edit, search, prompt, combo, row(whole, decimal), row(generate, cancel, off), group, slider, progress
        )

    def lists(self) -> QWidget:
        w = self.words
        tabs = QTabBar()
        tabs.setTabsClosable(True)
        for word in (w[11], w[12]):
            tabs.addTab(word)
        tree = QTreeWidget()
        tree.ensurePolished()
        tree.setHeaderLabels([w[9]])
        top = QTreeWidgetItem(tree, [w[10]])
        for number, icon in enumerate(("visible", "hidden", "lock")):
            QTreeWidgetItem(top, [f"{w[9]} {number + 1}"]).setIcon(0, self.theme.icon(icon, checked="text"))
        tree.expandAll()
        tree.setCurrentItem(top.child(1))
        tree.setFixedHeight(self.theme.px(170))
        names = QListWidget()
        names.ensurePolished()
        names.addItems(w[9:15])
        names.setCurrentRow(1)
        names.setFixedHeight(self.theme.px(110))
        menu = QMenu(self)
        for icon, word in zip(("copy", "paste", "trash"), w[16:19], strict=True):
            menu.addAction(self.theme.icon(icon), word, "Ctrl+C")
        menu.addSeparator()
        choice = menu.addAction(w[5])
        choice.setCheckable(True)
        choice.setChecked(True)
        menu.addMenu(w[10]).addAction(w[9])
        menu.actions()[2].setEnabled(False)
        menu.setActiveAction(menu.actions()[1])
        shown = QLabel()
        shown.setPixmap(menu.grab())
        said = [QLabel(w[14]) for _ in range(4)]
        for label, kind in zip(said, ("muted", "danger", "warning", "success"), strict=True):
            label.setObjectName(kind)
        return column(tabs, tree, names, shown, *said)

    def colours(self) -> QWidget:
        picker = ColourPicker(self.theme)
        picker.set_colour(QColor("#d9503c"))
        picker.set_recent([QColor.fromHsv(hue, 180, 200) for hue in range(0, 360, 30)])
        return column(picker)


def column(*widgets: QWidget) -> QWidget:
    """Widgets one below the other."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(MEDIUM)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder


def row(*widgets: QWidget) -> QWidget:
    """Widgets side by side."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SMALL)
    for widget in widgets:
        layout.addWidget(widget)
    return holder


def focused(theme: Theme) -> QWidget:
    """Each kind of control as it looks while the keyboard is in it, and beside it without."""
    holder = QWidget()
    holder.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    holder.setObjectName("formBody")
    grid = QGridLayout(holder)
    kinds = (
        lambda: QPushButton("Cancel"),
        lambda: QLineEdit("a star"),
        QComboBox,
        WholeBox,
        lambda: QCheckBox("Soft edge"),
        lambda: QRadioButton("Soft edge"),
        lambda: QSlider(Qt.Orientation.Horizontal),
        lambda: IconButton(theme, "brush"),
        lambda: LabelledSlider(theme, 0, 100, 40, suffix=" %"),
    )
    for number, make in enumerate(kinds):
        for side in range(2):
            widget = make()
            grid.addWidget(widget, number, 2 * side)
            picture = QLabel()
            widget.setFixedWidth(theme.px(130)) if not isinstance(widget, IconButton) else None
            grid.addWidget(picture, number, 2 * side + 1)
            if side:
                widget.setProperty("focused", True)
    return holder


def icon_sheet(theme: Theme) -> QPixmap:
    """All icons at 16, 20, 24, 32 and 48 pixels, in the colours of their states."""
    names, sides, columns = sorted(icons.names()), (16, 20, 24, 32, 48), 5
    cell = QSize(300, 64)
    sheet = QPixmap(cell.width() * columns, cell.height() * -(-len(names) // columns))
    sheet.fill(theme.colour("panel"))
    painter = QPainter(sheet)
    painter.setPen(theme.colour("muted"))
    for number, name in enumerate(names):
        x, y = number % columns * cell.width() + SMALL, number // columns * cell.height()
        icon = theme.icon(name)
        for side in sides:
            painter.drawPixmap(x, y + SMALL, icon.pixmap(QSize(side, side), 1.0))
            x += side + SMALL
        painter.drawPixmap(x, y + SMALL, icon.pixmap(QSize(24, 24), 1.0, QIcon.Mode.Disabled))
        painter.drawPixmap(x + 32, y + SMALL, icon.pixmap(QSize(24, 24), 1.0, QIcon.Mode.Normal, QIcon.State.On))
        painter.drawText(QRect(number % columns * cell.width() + SMALL, y + 46, 200, 16), name)
    painter.end()
    return sheet


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme, translation = Theme(application), Translation()
    for name in ("light", "dark"):
        theme.use(name, 100)
        icon_sheet(theme).save(str(folder / f"icons-{name}.png"))
        for language in ("en", "ru"):
            translation.use(language)
            for scale in (100, 200):
                theme.use(name, scale)
                show = Show(theme, language)
                show.show()
                application.processEvents()
                show.grab().save(str(folder / f"widgets-{name}-{scale}-{language}.png"))
                show.close()
        theme.use(name, 100)
        ring = focused(theme)
        ring.show()
        ring.activateWindow()
        application.processEvents()
        for widget in ring.findChildren(QWidget):
            if widget.property("focused"):
                widget.setFocus(Qt.FocusReason.TabFocusReason)
                application.processEvents()
                grid = ring.layout()
                assert isinstance(grid, QGridLayout)
                position = grid.getItemPosition(grid.indexOf(widget))
                label = grid.itemAtPosition(position[0], 3).widget()  # type: ignore[union-attr]
                label.setPixmap(widget.grab())  # type: ignore[union-attr]
        application.processEvents()
        ring.grab().save(str(folder / f"focus-{name}.png"))
        ring.close()
    theme.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
