"""Every command there is: its name in keymaps, its words, its icon.

To add one: a line here or in ``painting_commands``, its Russian in ``resources/i18n``, a key in
``resources/keymaps/studio.json`` if it deserves one, and ``commands.implement("…", slot)`` where it is carried out.
A command nobody implements is shown nowhere.
"""

from __future__ import annotations

from kandinsky_studio.app.command import Command
from kandinsky_studio.app.painting_commands import BRUSH, DEPTH, IMAGE, LAYER, MASK, SELECTION, TOOL
from kandinsky_studio.app.translation import LANGUAGES
from kandinsky_studio.errors import QT_TRANSLATE_NOOP

FILE = (
    Command("file.new", QT_TRANSLATE_NOOP("commands", "New document…"), "create canvas создать холст", "new"),
    Command("file.open", QT_TRANSLATE_NOOP("commands", "Open…"), "load document загрузить документ", "open"),
    Command("file.open_recent", QT_TRANSLATE_NOOP("commands", "Open a recent document…"), "history история"),
    Command(
        "file.import_as_layer",
        QT_TRANSLATE_NOOP("commands", "Import a picture as a layer…"),
        "place поместить",
        "image",
    ),
    Command("file.save", QT_TRANSLATE_NOOP("commands", "Save"), "document store записать документ", "save"),
    Command("file.save_as", QT_TRANSLATE_NOOP("commands", "Save as…"), "document name записать документ"),
    Command("file.save_incremental", QT_TRANSLATE_NOOP("commands", "Save as the next version"), "incremental копия"),
    Command(
        "file.export", QT_TRANSLATE_NOOP("commands", "Export the picture…"), "png jpeg webp write записать", "export"
    ),
    Command("file.close_tab", QT_TRANSLATE_NOOP("commands", "Close the document"), "tab вкладка"),
    Command("file.next_tab", QT_TRANSLATE_NOOP("commands", "Next document"), "tab вкладка"),
    Command("file.previous_tab", QT_TRANSLATE_NOOP("commands", "Previous document"), "tab вкладка"),
    Command("file.quit", QT_TRANSLATE_NOOP("commands", "Quit"), "exit close закрыть"),
)

EDIT = (
    Command("edit.undo", QT_TRANSLATE_NOOP("commands", "Undo"), "back назад", "undo"),
    Command("edit.redo", QT_TRANSLATE_NOOP("commands", "Redo"), "forward again вперёд", "redo"),
    Command("edit.cut", QT_TRANSLATE_NOOP("commands", "Cut"), "clipboard буфер", "cut"),
    Command("edit.copy", QT_TRANSLATE_NOOP("commands", "Copy"), "clipboard буфер", "copy"),
    Command("edit.copy_merged", QT_TRANSLATE_NOOP("commands", "Copy merged"), "clipboard visible буфер видимое"),
    Command("edit.paste", QT_TRANSLATE_NOOP("commands", "Paste as a layer"), "clipboard insert буфер", "paste"),
    Command("edit.paste_into_new", QT_TRANSLATE_NOOP("commands", "Paste into a new document"), "clipboard буфер"),
    Command("edit.delete", QT_TRANSLATE_NOOP("commands", "Delete what is selected"), "clear erase стереть", "trash"),
    Command(
        "edit.fill_foreground", QT_TRANSLATE_NOOP("commands", "Fill with the foreground colour"), "paint bucket", "fill"
    ),
    Command("edit.fill_background", QT_TRANSLATE_NOOP("commands", "Fill with the background colour"), "paint bucket"),
    Command("edit.swap_colours", QT_TRANSLATE_NOOP("commands", "Swap the colours"), "colors exchange", "swap_colours"),
    Command(
        "edit.reset_colours",
        QT_TRANSLATE_NOOP("commands", "Black and white colours"),
        "reset colors default",
        "reset_colours",
    ),
    Command(
        "edit.preferences", QT_TRANSLATE_NOOP("commands", "Preferences…"), "settings options параметры", "settings"
    ),
)

VIEW = (
    Command("view.zoom_in", QT_TRANSLATE_NOOP("commands", "Zoom in"), "larger magnify ближе"),
    Command("view.zoom_out", QT_TRANSLATE_NOOP("commands", "Zoom out"), "smaller дальше"),
    Command("view.actual", QT_TRANSLATE_NOOP("commands", "Actual size (100 %)"), "pixels one", "actual_size"),
    Command("view.fit", QT_TRANSLATE_NOOP("commands", "Fit in the window"), "whole page целиком", "fit"),
    Command("view.fit_width", QT_TRANSLATE_NOOP("commands", "Fit the width"), "zoom масштаб"),
    Command(
        "view.rotate_left", QT_TRANSLATE_NOOP("commands", "Rotate the view left"), "turn anticlockwise", "rotate_left"
    ),
    Command(
        "view.rotate_right", QT_TRANSLATE_NOOP("commands", "Rotate the view right"), "turn clockwise", "rotate_right"
    ),
    Command(
        "view.rotate_reset",
        QT_TRANSLATE_NOOP("commands", "Straighten the view"),
        "rotate reset upright поворот",
        "rotate_view",
    ),
    Command("view.mirror", QT_TRANSLATE_NOOP("commands", "Mirror the view"), "flip horizontal зеркало", "mirror", True),
    Command("view.pixel_grid", QT_TRANSLATE_NOOP("commands", "Pixel grid"), "lines", "grid", True),
    Command("view.rulers", QT_TRANSLATE_NOOP("commands", "Rulers"), "measure", "rulers", True),
    Command("view.canvas_only", QT_TRANSLATE_NOOP("commands", "Canvas only"), "hide panels zen скрыть", None, True),
    Command("view.full_screen", QT_TRANSLATE_NOOP("commands", "Full screen"), "maximise", None, True),
)

GENERATION = (
    Command(
        "generation.generate",
        QT_TRANSLATE_NOOP("commands", "Generate"),
        "make picture paint refine fill expand",
        "generate",
    ),
    Command(
        "generation.remove_object",
        QT_TRANSLATE_NOOP("commands", "Remove what is marked"),
        "object erase heal clean удалить объект",
        "eraser",
    ),
    Command(
        "generation.previous_candidate",
        QT_TRANSLATE_NOOP("commands", "Previous candidate"),
        "result результат",
        "chevron_left",
    ),
    Command(
        "generation.next_candidate",
        QT_TRANSLATE_NOOP("commands", "Next candidate"),
        "result результат",
        "chevron_right",
    ),
    Command(
        "generation.wipe",
        QT_TRANSLATE_NOOP("commands", "Compare with a divider"),
        "wipe before after split curtain шторка сравнить",
        "wipe",
        True,
    ),
    Command(
        "generation.side_by_side",
        QT_TRANSLATE_NOOP("commands", "Candidates side by side"),
        "compare grid survey сравнить рядом",
        "side_by_side",
        True,
    ),
    Command(
        "generation.mark_candidate",
        QT_TRANSLATE_NOOP("commands", "Mark the candidate to keep several"),
        "pick select tick отметить",
        "mark",
        True,
    ),
    Command(
        "generation.keep",
        QT_TRANSLATE_NOOP("commands", "Keep the candidate, or those marked, as layers"),
        "result accept",
        "check",
    ),
    Command(
        "generation.keep_all",
        QT_TRANSLATE_NOOP("commands", "Keep all candidates as layers"),
        "results accept",
        "layers",
    ),
    Command("generation.drop", QT_TRANSLATE_NOOP("commands", "Drop the candidates"), "results discard", "close"),
    Command(
        "generation.generate_to_front",
        QT_TRANSLATE_NOOP("commands", "Generate before all others"),
        "queue очередь",
        "queue",
    ),
    Command(
        "generation.live",
        QT_TRANSLATE_NOOP("commands", "Live: the picture follows the strokes"),
        "realtime while painting на лету сразу",
        "live",
        True,
    ),
    Command(
        "generation.keep_live",
        QT_TRANSLATE_NOOP("commands", "Keep the live picture as a layer"),
        "result accept результат",
        "check",
    ),
    Command(
        "generation.cancel", QT_TRANSLATE_NOOP("commands", "Cancel the generation"), "stop interrupt остановить", "stop"
    ),
    Command("generation.show_queue", QT_TRANSLATE_NOOP("commands", "Go to the queue"), "jobs waiting задания", "queue"),
    Command(
        "generation.pause_queue",
        QT_TRANSLATE_NOOP("commands", "Pause the queue"),
        "hold resume go on очередь",
        "pause",
        True,
    ),
    Command(
        "generation.clear_queue",
        QT_TRANSLATE_NOOP("commands", "Clear what is over from the queue"),
        "finished failed",
        "trash",
    ),
    Command(
        "generation.cancel_all", QT_TRANSLATE_NOOP("commands", "Cancel all generations"), "stop queue очередь", "stop"
    ),
    Command(
        "generation.preview_ideas",
        QT_TRANSLATE_NOOP("commands", "Preview ideas of the prompt"),
        "several drafts variations prior варианты",
        "grid",
    ),
    Command(
        "generation.new_idea",
        QT_TRANSLATE_NOOP("commands", "New idea, same rendering seed"),
        "prior variation вариант",
        "dice",
    ),
    Command(
        "generation.new_rendering",
        QT_TRANSLATE_NOOP("commands", "New rendering of this idea"),
        "decoder variation noise вариант",
        "retry",
    ),
    Command(
        "generation.drift",
        QT_TRANSLATE_NOOP("commands", "Let the picture drift towards words"),
        "pull embedding сместить",
        "drift",
    ),
    Command(
        "generation.style_from_marked",
        QT_TRANSLATE_NOOP("commands", "New style from the marked pictures"),
        "vector стиль",
        "style",
    ),
    Command("generation.draw_seeds", QT_TRANSLATE_NOOP("commands", "Draw new seeds"), "random dice случайно", "dice"),
    Command(
        "generation.handbook",
        QT_TRANSLATE_NOOP("commands", "Prompt handbook"),
        "modifiers words vocabulary слова справочник",
        "book",
    ),
    Command(
        "generation.prompt_history",
        QT_TRANSLATE_NOOP("commands", "Prompts used before…"),
        "history earlier прежние история",
        "history",
    ),
    Command("generation.choose_styles", QT_TRANSLATE_NOOP("commands", "Prompt styles…"), "presets words", "style"),
    Command("generation.edit_styles", QT_TRANSLATE_NOOP("commands", "Edit prompt styles…"), "presets export import"),
    Command(
        "generation.wildcards",
        QT_TRANSLATE_NOOP("commands", "Open the folder of wildcards"),
        "alternatives files choices файлы варианты",
        "folder",
    ),
    Command(
        "generation.weigh_words",
        QT_TRANSLATE_NOOP("commands", "What each word is worth"),
        "importance explain heatmap attention вес слова важность карта",
        "words",
    ),
    Command(
        "generation.go_to_prompt", QT_TRANSLATE_NOOP("commands", "Go to the prompt"), "describe words описание", "words"
    ),
)

GALLERY = (
    Command("gallery.search", QT_TRANSLATE_NOOP("commands", "Search the gallery"), "find history найти", "search"),
    Command("gallery.use_settings", QT_TRANSLATE_NOOP("commands", "Use the picture’s settings"), "again", "settings"),
    Command("gallery.use_seeds", QT_TRANSLATE_NOOP("commands", "Use the picture’s seeds"), "again random", "lock"),
    Command("gallery.copy_picture", QT_TRANSLATE_NOOP("commands", "Copy the picture"), "clipboard буфер", "copy"),
    Command("gallery.copy_prompt", QT_TRANSLATE_NOOP("commands", "Copy the prompt"), "clipboard words буфер", "words"),
    Command("gallery.save_as", QT_TRANSLATE_NOOP("commands", "Save the picture as…"), "export png jpeg webp", "export"),
    Command(
        "gallery.open_as_document",
        QT_TRANSLATE_NOOP("commands", "Open the picture as a document"),
        "edit paint",
        "brush",
    ),
    Command(
        "gallery.place_on_document",
        QT_TRANSLATE_NOOP("commands", "Put the picture on a layer"),
        "canvas document place холст",
        "layer_new",
    ),
    Command(
        "gallery.add_to_mix",
        QT_TRANSLATE_NOOP("commands", "Add the picture to the mix"),
        "blend combine смешать",
        "mix",
    ),
    Command("gallery.open_folder", QT_TRANSLATE_NOOP("commands", "Open the picture’s folder"), "files show", "folder"),
    Command("gallery.delete", QT_TRANSLATE_NOOP("commands", "Move the picture to the trash"), "delete", "trash"),
    Command("gallery.undo_delete", QT_TRANSLATE_NOOP("commands", "Bring deleted pictures back"), "undo trash", "undo"),
)

MODEL = (
    Command("model.open_folder", QT_TRANSLATE_NOOP("commands", "Open a model folder…"), "weights веса"),
    Command(
        "model.get_real_pictures",
        QT_TRANSLATE_NOOP("commands", "Get real pictures…"),
        "download weights веса",
        "download",
    ),
    Command(
        "model.runtimes",
        QT_TRANSLATE_NOOP("commands", "Graphics card and PyTorch…"),
        "gpu cuda nvidia runtime pack видеокарта",
        "device",
    ),
)

WINDOW = (
    Command("window.command_palette", QT_TRANSLATE_NOOP("commands", "Find a command…"), "palette search", "search"),
    Command("window.next_area", QT_TRANSLATE_NOOP("commands", "Go to the next panel"), "focus keyboard фокус"),
    Command("window.reset_layout", QT_TRANSLATE_NOOP("commands", "Put the panels back"), "layout docks reset"),
    Command("window.theme_system", QT_TRANSLATE_NOOP("commands", "Theme of the desktop"), "system auto", None, True),
    Command("window.theme_light", QT_TRANSLATE_NOOP("commands", "Light theme"), "bright white", None, True),
    Command("window.theme_dark", QT_TRANSLATE_NOOP("commands", "Dark theme"), "black night", None, True),
    Command("window.language_system", QT_TRANSLATE_NOOP("commands", "Language of the desktop"), "system", None, True),
    *(Command(f"window.language_{code}", name, "language язык", None, True) for code, name in LANGUAGES.items()),
)

HELP = (
    Command("help.welcome", QT_TRANSLATE_NOOP("commands", "Welcome page"), "start first models начало", "image"),
    Command("help.tour", QT_TRANSLATE_NOOP("commands", "Take the tour"), "guide learn tutorial обучение", "play"),
    Command("help.sample", QT_TRANSLATE_NOOP("commands", "Open the sample"), "example demo образец", "layers"),
    Command(
        "help.keys",
        QT_TRANSLATE_NOOP("commands", "Keys…"),
        "keyboard shortcuts keymap krita photoshop клавиатура",
        "keys",
    ),
    Command("help.tablet_tester", QT_TRANSLATE_NOOP("commands", "Tablet tester…"), "pen pressure перо нажим"),
    Command("help.about_builtin", QT_TRANSLATE_NOOP("commands", "What the built-in model draws"), "words"),
    Command(
        "help.diagnostics",
        QT_TRANSLATE_NOOP("commands", "Collect diagnostics…"),
        "report bug log version devices отчёт ошибка",
        "device",
    ),
    Command(
        "help.updates",
        QT_TRANSLATE_NOOP("commands", "Look for a new version…"),
        "update upgrade release обновить новая",
    ),
    Command("help.about", QT_TRANSLATE_NOOP("commands", "About Kandinsky Studio"), "version licence версия", "info"),
)

COMMANDS: tuple[Command, ...] = (
    *FILE,
    *EDIT,
    *IMAGE,
    *LAYER,
    *SELECTION,
    *MASK,
    *DEPTH,
    *TOOL,
    *BRUSH,
    *VIEW,
    *GENERATION,
    *GALLERY,
    *MODEL,
    *WINDOW,
    *HELP,
)
"""All of them, category by category."""
