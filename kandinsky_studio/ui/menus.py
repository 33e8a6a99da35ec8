"""The menu bar, as a table of commands."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu

from kandinsky_studio.ui.actions import Actions, dress

SEPARATOR = "-"

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "file",
        (
            *("file.new", "file.open", ">recent", SEPARATOR),
            *("file.save", "file.save_as", "file.save_incremental", "file.export", SEPARATOR),
            *("file.import_as_layer", SEPARATOR, "gallery.save_as", "gallery.open_folder", SEPARATOR),
            *(
                "model.open_folder",
                "model.get_real_pictures",
                "model.runtimes",
                SEPARATOR,
                "file.close_tab",
                "file.quit",
            ),
        ),
    ),
    (
        "edit",
        (
            *("edit.undo", "edit.redo", SEPARATOR, "edit.cut", "edit.copy", "edit.copy_merged", "edit.paste"),
            *("edit.paste_into_new", "edit.delete", SEPARATOR, "edit.fill_foreground", "edit.fill_background"),
            *("edit.swap_colours", "edit.reset_colours", SEPARATOR, ">pictures", SEPARATOR, "edit.preferences"),
        ),
    ),
    (
        "image",
        (
            *("image.canvas_size", "image.image_size", "image.crop_to_selection", SEPARATOR),
            *("image.rotate_90", "image.rotate_270", "image.rotate_180", SEPARATOR),
            *("image.flip_horizontal", "image.flip_vertical"),
        ),
    ),
    (
        "layer",
        (
            *(
                "layer.new",
                "layer.new_depth",
                ">depth",
                "layer.from_clipboard",
                "layer.duplicate",
                "layer.delete",
                SEPARATOR,
            ),
            *("layer.rename", "layer.clear", SEPARATOR, "layer.group", "layer.ungroup", SEPARATOR),
            *("layer.raise", "layer.lower", "layer.next", "layer.previous", SEPARATOR),
            *("layer.add_mask", "layer.apply_mask", "layer.remove_mask", SEPARATOR),
            *("layer.lock", "layer.alpha_lock", "layer.hide", "layer.solo", SEPARATOR),
            *("layer.merge_down", "layer.merge_visible", "layer.flatten"),
        ),
    ),
    (
        "select",
        (
            *("selection.all", "selection.none", "selection.reselect", "selection.invert", SEPARATOR),
            *("selection.grow", "selection.shrink", "selection.feather", SEPARATOR),
            *("selection.from_layer_alpha", "selection.from_mask", SEPARATOR),
            *("selection.hide_edges", "selection.quick_mask"),
        ),
    ),
    (
        "mask",
        (
            *("mask.from_selection", "mask.from_layer_alpha", "mask.from_colour", SEPARATOR),
            *("mask.invert", "mask.fill", "mask.clear", SEPARATOR, "mask.import_png", "mask.export_png", SEPARATOR),
            *("mask.show_overlay", "mask.show_ants"),
        ),
    ),
    (
        "generate",
        (
            *(
                "generation.generate",
                "generation.generate_to_front",
                "generation.remove_object",
                SEPARATOR,
                "generation.previous_candidate",
                "generation.next_candidate",
            ),
            *("generation.wipe", "generation.side_by_side", "generation.mark_candidate", SEPARATOR),
            *("generation.keep", "generation.keep_all", "generation.drop", SEPARATOR),
            *("generation.live", "generation.keep_live", SEPARATOR),
            *("generation.preview_ideas", "generation.new_idea", "generation.new_rendering"),
            *("generation.drift", "generation.style_from_marked", SEPARATOR),
            *("generation.cancel", "generation.cancel_all", SEPARATOR),
            *("generation.show_queue", "generation.pause_queue", "generation.clear_queue", SEPARATOR),
            *("generation.go_to_prompt", "generation.prompt_history", "generation.handbook"),
            "generation.weigh_words",
            *("generation.choose_styles", "generation.edit_styles", "generation.wildcards"),
        ),
    ),
    (
        "view",
        (
            *("view.zoom_in", "view.zoom_out", "view.fit", "view.fit_width", "view.actual", SEPARATOR),
            *("view.rotate_left", "view.rotate_right", "view.rotate_reset", "view.mirror", SEPARATOR),
            *("view.pixel_grid", "view.rulers", "view.canvas_only", "view.full_screen", SEPARATOR),
            *("file.next_tab", "file.previous_tab", SEPARATOR, "gallery.search", SEPARATOR),
            *(">panels", "window.next_area", "window.reset_layout", SEPARATOR, ">theme", ">language"),
        ),
    ),
    (
        "help",
        (
            *("help.welcome", "help.tour", "help.sample", SEPARATOR),
            *("window.command_palette", "help.keys", "help.tablet_tester", "help.about_builtin", SEPARATOR),
            *("help.diagnostics", "help.updates", "help.about"),
        ),
    ),
)
DEPTH = (
    *("depth.estimate", "depth.estimate_layer", "depth.from_luminance", SEPARATOR),
    *("depth.invert", "depth.adjust", SEPARATOR),
    *("depth.import_png", "depth.export_png", "depth.export_png_16", SEPARATOR),
    *("depth.show", SEPARATOR, "depth.get_estimator", "depth.open_folder"),
)
"""What is done with the depth layer, inside the layer menu."""

PICTURES = (
    *("gallery.open_as_document", "gallery.place_on_document", "gallery.add_to_mix", SEPARATOR),
    *("gallery.undo_delete", "gallery.delete", SEPARATOR, "gallery.copy_picture", "gallery.copy_prompt", SEPARATOR),
    *("gallery.use_settings", "gallery.use_seeds", "generation.draw_seeds"),
)
"""The menu of the gallery's picture, inside the edit menu."""


def build_menus(window: QMainWindow, actions: Actions, others: Mapping[str, QMenu]) -> dict[str, QMenu]:
    """All menus by name. ``others`` are those that fill themselves, named ``>name`` in the table.

    What nobody implements is left out, and of separators that then meet, one stays: Qt sees to the rest.
    """
    menus = {**others, "pictures": dress(QMenu(window), actions.commands)}
    _fill(menus["pictures"], PICTURES, actions, menus)
    menus["depth"] = dress(QMenu(window), actions.commands)
    _fill(menus["depth"], DEPTH, actions, menus)
    for name, ids in MENUS:
        menus[name] = dress(window.menuBar().addMenu(""), actions.commands)
        _fill(menus[name], ids, actions, menus)
    return menus


def _fill(menu: QMenu, ids: tuple[str, ...], actions: Actions, menus: Mapping[str, QMenu]) -> None:
    menu.setSeparatorsCollapsible(True)
    for id in ids:
        if id == SEPARATOR:
            menu.addSeparator()
        elif id.startswith(">"):
            menu.addMenu(menus[id[1:]])
        else:
            action: QAction = actions.commands.action(id)
            menu.addAction(action)
