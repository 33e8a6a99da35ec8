"""Brings the prompt's fields and the words of the studio together: what is read, what is sent, what was used before."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QMenu

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.app.wording import languages
from kandinsky_studio.app.wording.history import FIELDS, Stroll
from kandinsky_studio.app.wording.prospect import ALL_AT_MOST, Prospect
from kandinsky_studio.app.wording.styles import Style
from kandinsky_studio.app.wording.styling import Edit
from kandinsky_studio.app.wording.templates import MANY
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.history_popup import HistoryPopup
from kandinsky_studio.ui.prompt_form import PromptForm
from kandinsky_studio.ui.theme import Theme

_NAMED = 3  # wildcards that are named in one sentence
_MANY_PICTURES = 16  # of all combinations, from which on it is said how many
_HINT = 200  # characters of a style's words in a tooltip


class PromptWords(QObject):
    """What stands below the prompt is kept up to date; keys and buttons do what they say."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, form: PromptForm) -> None:
        super().__init__(form)
        self._studio, self._theme, self._actions = studio, theme, actions
        self._words, self._form, self._bar = studio.words, form, form.words
        self._bar.furnish(theme)
        self._editors = dict(zip(FIELDS, (form.prompt, form.negative_prompt), strict=True))
        self._counts = dict(zip(FIELDS, (form.words.count, form.negative_count), strict=True))
        strolls = {field: Stroll(self._words.history, field) for field in FIELDS}
        for field, editor in self._editors.items():
            editor.stepped.connect(lambda older, field=field: self._step(field, strolls[field], older))
            editor.entered.connect(lambda field=field: self._words.go_to(field))
            editor.cursorPositionChanged.connect(lambda field=field: self._cursor_moved(field))
        assert self._bar.styles is not None
        assert self._bar.handbook is not None
        assert self._bar.history is not None
        assert self._bar.chips is not None
        self._bar.styles.clicked.connect(self.open_styles)
        self._bar.history.clicked.connect(self.open_history)
        self._bar.handbook.clicked.connect(lambda: actions.commands.action("generation.handbook").trigger())
        self._bar.chips.removed.connect(self._words.styles.take_off)
        self._bar.on_chosen(self._words.set_every)
        self._words.edited.connect(self._edited)
        self._words.reading_changed.connect(self._show_reading)
        self._words.prospect_changed.connect(self._show_prospect)
        self._words.styles.chosen_changed.connect(self._show_chips)
        studio.model_chosen.connect(self.retranslate)
        studio.settings.changed.connect(self._setting_changed)
        theme.changed.connect(self._dress)
        actions.commands.implement("generation.prompt_history", self.open_history)
        actions.commands.implement("generation.choose_styles", self.open_styles)
        actions.commands.implement("generation.wildcards", self.open_wildcards)
        self._dress()

    @Slot()
    def retranslate(self) -> None:
        """Say everything anew."""
        self._show_languages()
        self._show_reading()
        self._show_prospect()
        self._show_chips()

    def _dress(self) -> None:
        for editor in self._editors.values():
            editor.set_colours(self._theme.colour("disabled"), self._theme.colour("warning"))

    # ------------------------------------------------------------------ what was used before

    def _step(self, field: str, stroll: Stroll, older: bool) -> None:
        text = stroll.step(self._editors[field].toPlainText(), older)
        if text is not None:
            self._words.edit(field, Edit(text, len(text)))

    @Slot()
    def open_history(self) -> None:
        """Show the prompts that were used before, below the field that was typed in last."""
        field = self._words.field
        editor = self._editors[field]
        popup = HistoryPopup(self._words.history, field, self._theme, self._form)
        popup.chosen.connect(lambda text: self._take(field, text))
        popup.open_at(editor.mapToGlobal(QPoint(0, editor.height())))

    @Slot()
    def open_wildcards(self) -> None:
        """Show the folder of wildcards in the desktop's file program."""
        self._words.make_wildcard_folder(lambda folder: bool(QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))))

    def _take(self, field: str, text: str) -> None:
        self._words.edit(field, Edit(text, len(text)))
        self._editors[field].setFocus()

    def _cursor_moved(self, field: str) -> None:
        editor = self._editors[field]
        self._words.cursors[field] = editor.place()
        if editor.hasFocus():
            self._words.go_to(field)

    @Slot(str, object)
    def _edited(self, field: str, edit: Edit) -> None:
        if field == FIELDS[1]:
            self._form.negative_fold.set_open(True)
        self._editors[field].put(edit.text, edit.cursor)

    # ------------------------------------------------------------------ styles

    def menu(self) -> QMenu:
        """The styles, those that are on the prompt with a tick."""
        menu = QMenu(self._form)
        styles = self._words.styles
        chosen = {style.name for style in styles.chosen}
        groups = (list(styles.own), list(styles.shipped))
        for group in groups:
            for style in group:
                action = menu.addAction(styles.title(style))
                action.setCheckable(True)
                action.setChecked(style.name in chosen)
                action.setToolTip(self._hint(style))
                action.triggered.connect(lambda _=False, name=style.name: styles.toggle(name))
            if group:
                menu.addSeparator()
        menu.setToolTipsVisible(True)
        more: list[QAction] = [self._actions.commands.action("generation.edit_styles")]
        menu.addActions(more)
        return menu

    @Slot()
    def open_styles(self) -> None:
        """Show the styles to choose from, at the button."""
        button = self._bar.styles
        assert button is not None
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _hint(self, style: Style) -> str:
        lines = [style.text] if style.text else []
        if style.negative:
            lines.append(self.tr("Not: {words}").format(words=style.negative))
        if style.settings:
            lines.append(self.tr("Sets some numbers, too."))
        return "\n".join(lines)[:_HINT]

    @Slot()
    def _show_chips(self) -> None:
        assert self._bar.chips is not None
        styles = self._words.styles
        self._bar.chips.show_chips([(style.name, styles.title(style), self._hint(style)) for style in styles.chosen])

    # ------------------------------------------------------------------ what is read and sent

    @Slot(str)
    def _setting_changed(self, name: str) -> None:
        if name == "prompt":
            self._show_note()
        elif name == "model":
            self.retranslate()

    @Slot()
    def _show_reading(self) -> None:
        for field, editor in self._editors.items():
            reading = self._words.reading(field)
            self._counts[field].show_reading(reading)
            self._counts[field].setVisible(field == FIELDS[0] or reading.tokens > 0)
            if reading.exact or reading.tokens <= reading.limit:
                editor.show_cut(reading.cut)
            editor.setAccessibleDescription(self._cut_words(editor.toPlainText(), reading.cut))
        self._show_note()

    def _cut_words(self, text: str, cut: int | None) -> str:
        """What is said of the end that is not read."""
        if cut is None:
            return ""
        read = text[:cut].split()
        if not read:
            return self.tr("None of this is read: the styles leave no room for it.")
        return self.tr("Read up to “{words}”; the rest has no room.").format(words=" ".join(read[-3:]))

    @Slot()
    def _show_note(self) -> None:
        words, notes = self._words, []
        found = words.prospect
        if found.circle:
            notes.append(self.tr("The wildcard “{name}” leads back to itself.").format(name=found.circle))
        elif found.missing:
            names = ", ".join(f"“{name}”" for name in found.missing[:_NAMED])
            refused = {name.lower() for name in words.refused_wildcards}
            if refused & set(found.missing):
                text = self.tr("What wildcards stand for is read from UTF-8 text files, and {names} is none.")
            else:
                text = self.tr("There is no wildcard {names}.")
            notes.append(text.format(names=names))
        elif words.every and found.chooses and min(found.count, ALL_AT_MOST) >= _MANY_PICTURES:
            count = min(found.count, ALL_AT_MOST)
            notes.append(self.tr("A click makes {count} pictures, which may take long.").format(count=count))
        reading = words.reading(FIELDS[0])
        if reading.cut is not None:
            notes.append(self._cut_words(words.typed.prompt, reading.cut))
        elif reading.exact and reading.too_long:
            notes.append(self.tr("Longer than what is read; the end has no room."))
        if script := words.foreign_script:
            spec = self._studio.models.find(self._studio.settings.values.model)
            names, more = languages.listed(spec.languages if spec is not None else ())
            text = self.tr("{model} reads {languages}; words in another script ({script}) mean little to it.")
            model = self._studio.models.title(self._studio.settings.values.model)
            listed = names if not more else self._and_more(names, more)
            notes.append(text.format(model=model, languages=listed, script=languages.script_name(script)))
        self._bar.show_note("\n".join(notes))

    @Slot()
    def _show_prospect(self) -> None:
        found = self._words.prospect
        self._show_note()
        if found.missing or found.circle:
            self._bar.show_sent("")
            self._bar.show_choices(None, False)
        elif found.chooses:
            examples = " · ".join(found.examples)
            text = self.tr("{count} possible: {examples}").format(count=_number(found.count), examples=examples)
            self._bar.show_sent(text + (" …" if found.count > len(found.examples) else ""))
            self._bar.show_choices(self._choices(found), self._words.every)
        else:
            self._bar.show_sent("" if found.tidy else self._sent(found))
            self._bar.show_choices(None, False)

    def _sent(self, found: Prospect) -> str:
        text = self.tr("Sent: {words}").format(words=" ".join(found.sent.prompt.split()))
        if found.sent.negative != found.typed.negative.strip():
            text += "\n" + self.tr("Not: {words}").format(words=found.sent.negative)
        return text

    def _choices(self, found: Prospect) -> tuple[str, str]:
        if found.count <= ALL_AT_MOST:
            every = self.tr("All combinations: {count} pictures").format(count=found.count)
        else:
            text = self.tr("The first {most} of {count} combinations")
            every = text.format(most=ALL_AT_MOST, count=_number(found.count))
        return self.tr("Each picture draws its own words"), every

    def _show_languages(self) -> None:
        spec = self._studio.models.find(self._studio.settings.values.model)
        codes = spec.languages if spec is not None else ()
        names, more = languages.listed(codes)
        label = self._form.languages
        label.setText(self.tr("Reads {languages}.").format(languages=self._and_more(names, more)) if codes else "")
        label.setToolTip(", ".join(map(languages.name_of, codes)))
        label.setVisible(bool(codes))

    def _and_more(self, names: str, more: int) -> str:
        return self.tr("{languages} and {count} more").format(languages=names, count=more) if more else names


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f") if count < MANY else f"> {MANY:,}".replace(",", "\u202f")
