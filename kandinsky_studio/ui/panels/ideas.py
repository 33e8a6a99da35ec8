"""What one can do with ideas: look at several of one prompt, let a picture drift, add a style."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout

from kandinsky_studio.app.ingredients import Put
from kandinsky_studio.app.mix_slots import Source, Words
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.drift_form import DriftForm
from kandinsky_studio.ui.idea_preview import IdeaPreview
from kandinsky_studio.ui.mix_drops import Drops
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.style_form import StyleForm
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.form_area import FormArea

PREVIEW, DRIFT, STYLES = range(3)


class IdeasPanel(Panel):
    """Three parts behind tabs. A picture that is dropped drifts, or becomes one of a new style where styles are shown."""

    key = "ideas"
    area = Qt.DockWidgetArea.RightDockWidgetArea

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        command = actions.commands.action
        self.preview = IdeaPreview(studio, theme, actions)
        self.drift = DriftForm(studio, theme)
        self.styles = StyleForm(studio, theme, command("generation.style_from_marked"))
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(True)
        self.tabs.setUsesScrollButtons(True)
        self._stack = QStackedWidget()
        self._areas = [FormArea(form) for form in (self.preview, self.drift, self.styles)]
        for area in self._areas:
            self.tabs.addTab("")
            self._stack.addWidget(area)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self._drops = Drops(self, studio, lambda _: None, self._put_at)
        self.retranslate()

    def title(self) -> str:
        return self.tr("Ideas")

    def retranslate(self) -> None:
        names = (self.tr("Preview"), self.tr("Drift"), self.tr("Styles"))
        for number, name in enumerate(names):
            self.tabs.setTabText(number, name)
        self.tabs.setAccessibleName(self.tr("What to do with ideas"))

    def show_part(self, part: int) -> None:
        """Bring ``PREVIEW``, ``DRIFT`` or ``STYLES`` to the front."""
        self.tabs.setCurrentIndex(part)

    def _put_at(self, _: QPoint) -> Put:
        return self._put

    def _put(self, source: Source) -> None:
        if self.tabs.currentIndex() == STYLES and not isinstance(source, Words):
            self.studio.styles.add(source)
        else:
            self.show_part(DRIFT)
            self.studio.drift.take(source)

    def focus_first(self) -> None:
        part = self.tabs.currentIndex()
        (self.preview.preview, self.drift.words, self.styles.files)[part].setFocus()

    def minimumSizeHint(self) -> QSize:
        """Never narrower than what stands in it, which has no scroll bar to bring its right edge into sight."""
        own = super().minimumSizeHint()
        return QSize(max(own.width(), *(area.least_width for area in self._areas)), own.height())

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(300), self.theme.px(320))
