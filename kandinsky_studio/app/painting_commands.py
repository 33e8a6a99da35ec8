"""The commands that change the picture or what is selected of it; how to add one is told in ``command_table``."""

from __future__ import annotations

from kandinsky_studio.app.command import Command
from kandinsky_studio.errors import QT_TRANSLATE_NOOP

IMAGE = (
    Command("image.canvas_size", QT_TRANSLATE_NOOP("commands", "Canvas size…"), "resize extend outpaint расширить"),
    Command("image.image_size", QT_TRANSLATE_NOOP("commands", "Image size…"), "resize scale pixels масштаб"),
    Command("image.crop_to_selection", QT_TRANSLATE_NOOP("commands", "Crop to the selection"), "trim cut кадр", "crop"),
    Command(
        "image.rotate_90",
        QT_TRANSLATE_NOOP("commands", "Rotate the image 90° clockwise"),
        "turn right вправо",
        "rotate_right",
    ),
    Command("image.rotate_180", QT_TRANSLATE_NOOP("commands", "Rotate the image 180°"), "turn upside down"),
    Command(
        "image.rotate_270",
        QT_TRANSLATE_NOOP("commands", "Rotate the image 90° anticlockwise"),
        "turn left 270",
        "rotate_left",
    ),
    Command(
        "image.flip_horizontal",
        QT_TRANSLATE_NOOP("commands", "Flip the image left to right"),
        "mirror зеркало",
        "flip_horizontal",
    ),
    Command(
        "image.flip_vertical",
        QT_TRANSLATE_NOOP("commands", "Flip the image upside down"),
        "mirror зеркало",
        "flip_vertical",
    ),
)

LAYER = (
    Command("layer.new", QT_TRANSLATE_NOOP("commands", "New layer"), "add create добавить создать", "layer_new"),
    Command(
        "layer.new_depth",
        QT_TRANSLATE_NOOP("commands", "New depth layer"),
        "add map control карта добавить",
        "layer_depth",
    ),
    Command("layer.from_clipboard", QT_TRANSLATE_NOOP("commands", "New layer from the clipboard"), "paste вставить"),
    Command(
        "layer.duplicate", QT_TRANSLATE_NOOP("commands", "Duplicate the layer"), "copy clone копия", "layer_duplicate"
    ),
    Command("layer.delete", QT_TRANSLATE_NOOP("commands", "Delete the layer"), "remove убрать", "layer_delete"),
    Command("layer.rename", QT_TRANSLATE_NOOP("commands", "Rename the layer"), "name title имя"),
    Command("layer.clear", QT_TRANSLATE_NOOP("commands", "Clear the layer"), "erase empty стереть"),
    Command("layer.group", QT_TRANSLATE_NOOP("commands", "Group layers"), "folder папка", "layer_group"),
    Command("layer.ungroup", QT_TRANSLATE_NOOP("commands", "Ungroup layers"), "folder папка"),
    Command(
        "layer.merge_down", QT_TRANSLATE_NOOP("commands", "Merge down"), "layer combine слой свести", "layer_merge"
    ),
    Command("layer.merge_visible", QT_TRANSLATE_NOOP("commands", "Merge visible layers"), "combine свести"),
    Command("layer.flatten", QT_TRANSLATE_NOOP("commands", "Flatten the image"), "merge all layers combine слои"),
    Command(
        "layer.add_mask", QT_TRANSLATE_NOOP("commands", "Add a layer mask"), "transparency прозрачность", "layer_mask"
    ),
    Command("layer.apply_mask", QT_TRANSLATE_NOOP("commands", "Apply the layer mask"), "transparency прозрачность"),
    Command("layer.remove_mask", QT_TRANSLATE_NOOP("commands", "Remove the layer mask"), "delete transparency удалить"),
    Command("layer.raise", QT_TRANSLATE_NOOP("commands", "Move the layer up"), "raise order выше", "raise"),
    Command("layer.lower", QT_TRANSLATE_NOOP("commands", "Move the layer down"), "lower order ниже", "lower"),
    Command("layer.next", QT_TRANSLATE_NOOP("commands", "Go to the layer above"), "next select up выше"),
    Command("layer.previous", QT_TRANSLATE_NOOP("commands", "Go to the layer below"), "previous select down ниже"),
    Command("layer.lock", QT_TRANSLATE_NOOP("commands", "Lock the layer"), "protect защитить", "lock", True),
    Command(
        "layer.alpha_lock", QT_TRANSLATE_NOOP("commands", "Lock transparent pixels"), "alpha альфа", "alpha_lock", True
    ),
    Command("layer.hide", QT_TRANSLATE_NOOP("commands", "Hide the layer"), "show visible eye показать", "hidden", True),
    Command("layer.solo", QT_TRANSLATE_NOOP("commands", "Show this layer alone"), "solo isolate", None, True),
)

SELECTION = (
    Command("selection.all", QT_TRANSLATE_NOOP("commands", "Select all"), "everything"),
    Command("selection.none", QT_TRANSLATE_NOOP("commands", "Deselect"), "none nothing drop выделение"),
    Command("selection.reselect", QT_TRANSLATE_NOOP("commands", "Reselect"), "again last снова выделение"),
    Command("selection.invert", QT_TRANSLATE_NOOP("commands", "Invert the selection"), "inverse обратить", "invert"),
    Command("selection.grow", QT_TRANSLATE_NOOP("commands", "Grow the selection…"), "expand dilate больше", "grow"),
    Command(
        "selection.shrink", QT_TRANSLATE_NOOP("commands", "Shrink the selection…"), "contract erode меньше", "shrink"
    ),
    Command(
        "selection.feather",
        QT_TRANSLATE_NOOP("commands", "Feather the selection…"),
        "blur soft размыть мягкий",
        "feather",
    ),
    Command("selection.from_layer_alpha", QT_TRANSLATE_NOOP("commands", "Select what is opaque in the layer"), "alpha"),
    Command("selection.from_mask", QT_TRANSLATE_NOOP("commands", "Selection from the inpaint mask"), "load загрузить"),
    Command("selection.hide_edges", QT_TRANSLATE_NOOP("commands", "Hide the selection’s edge"), "ants", None, True),
    Command("selection.quick_mask", QT_TRANSLATE_NOOP("commands", "Quick mask"), "paint selection", None, True),
)

MASK = (
    Command(
        "mask.from_selection",
        QT_TRANSLATE_NOOP("commands", "Inpaint mask from the selection"),
        "create создать",
        "layer_inpaint",
    ),
    Command("mask.from_layer_alpha", QT_TRANSLATE_NOOP("commands", "Inpaint mask from the layer’s alpha"), "opaque"),
    Command("mask.from_colour", QT_TRANSLATE_NOOP("commands", "Inpaint mask from a colour…"), "color range диапазон"),
    Command("mask.invert", QT_TRANSLATE_NOOP("commands", "Invert the inpaint mask"), "inverse обратить", "invert"),
    Command("mask.clear", QT_TRANSLATE_NOOP("commands", "Clear the inpaint mask"), "erase none стереть"),
    Command("mask.fill", QT_TRANSLATE_NOOP("commands", "Fill the inpaint mask"), "all whole всё"),
    Command("mask.import_png", QT_TRANSLATE_NOOP("commands", "Import the inpaint mask…"), "png load загрузить"),
    Command("mask.export_png", QT_TRANSLATE_NOOP("commands", "Export the inpaint mask…"), "png save записать"),
    Command("mask.show_overlay", QT_TRANSLATE_NOOP("commands", "Show the inpaint mask in red"), "overlay", None, True),
    Command("mask.show_ants", QT_TRANSLATE_NOOP("commands", "Show the inpaint mask’s edge"), "ants", None, True),
)

DEPTH = (
    Command(
        "depth.estimate", QT_TRANSLATE_NOOP("commands", "Estimate depth from the picture"), "map карта", "layer_depth"
    ),
    Command("depth.estimate_layer", QT_TRANSLATE_NOOP("commands", "Estimate depth from the active layer"), "map карта"),
    Command(
        "depth.from_luminance", QT_TRANSLATE_NOOP("commands", "Depth from how light the layer is"), "luminance яркость"
    ),
    Command("depth.invert", QT_TRANSLATE_NOOP("commands", "Invert depth"), "near far обратить", "invert"),
    Command(
        "depth.adjust", QT_TRANSLATE_NOOP("commands", "Strength and range of depth…"), "levels blur уровни размыть"
    ),
    Command("depth.import_png", QT_TRANSLATE_NOOP("commands", "Import a depth map…"), "png load загрузить"),
    Command("depth.export_png", QT_TRANSLATE_NOOP("commands", "Export the depth map…"), "png save 8 bit записать"),
    Command(
        "depth.export_png_16", QT_TRANSLATE_NOOP("commands", "Export the depth map, 16 bits…"), "png save записать"
    ),
    Command("depth.show", QT_TRANSLATE_NOOP("commands", "Show depth over the picture"), "overlay veil", None, True),
    Command(
        "depth.get_estimator", QT_TRANSLATE_NOOP("commands", "Depth of photographs…"), "depth anything midas скачать"
    ),
    Command(
        "depth.open_folder", QT_TRANSLATE_NOOP("commands", "Open the folder of the depth estimator…"), "depth anything"
    ),
)

TOOL = (
    Command("tool.brush", QT_TRANSLATE_NOOP("commands", "Brush"), "paint draw рисовать", "brush", True),
    Command("tool.pencil", QT_TRANSLATE_NOOP("commands", "Pencil"), "draw hard pixel рисовать", "pencil", True),
    Command("tool.eraser", QT_TRANSLATE_NOOP("commands", "Eraser"), "rubber erase стереть", "eraser", True),
    Command("tool.mask_brush", QT_TRANSLATE_NOOP("commands", "Mask brush"), "inpaint paint кисть", "mask_brush", True),
    Command(
        "tool.mask_eraser", QT_TRANSLATE_NOOP("commands", "Mask eraser"), "inpaint erase ластик", "mask_eraser", True
    ),
    Command("tool.smudge", QT_TRANSLATE_NOOP("commands", "Smudge"), "finger blend mix растереть", "smudge", True),
    Command("tool.fill", QT_TRANSLATE_NOOP("commands", "Fill"), "bucket paint ведро", "fill", True),
    Command("tool.gradient", QT_TRANSLATE_NOOP("commands", "Gradient"), "blend переход", "gradient", True),
    Command("tool.picker", QT_TRANSLATE_NOOP("commands", "Colour picker"), "eyedropper color взять", "picker", True),
    Command("tool.move", QT_TRANSLATE_NOOP("commands", "Move"), "layer drag слой", "move", True),
    Command(
        "tool.transform", QT_TRANSLATE_NOOP("commands", "Transform"), "scale rotate free повернуть", "transform", True
    ),
    Command("tool.crop", QT_TRANSLATE_NOOP("commands", "Crop"), "trim frame обрезать", "crop", True),
    Command(
        "tool.frame", QT_TRANSLATE_NOOP("commands", "Generation frame"), "area region where область", "frame", True
    ),
    Command(
        "tool.select_rectangle",
        QT_TRANSLATE_NOOP("commands", "Rectangular selection"),
        "marquee",
        "select_rectangle",
        True,
    ),
    Command(
        "tool.select_ellipse",
        QT_TRANSLATE_NOOP("commands", "Elliptical selection"),
        "marquee oval",
        "select_ellipse",
        True,
    ),
    Command(
        "tool.select_lasso",
        QT_TRANSLATE_NOOP("commands", "Lasso"),
        "selection freehand выделение",
        "select_lasso",
        True,
    ),
    Command(
        "tool.select_polygon",
        QT_TRANSLATE_NOOP("commands", "Polygonal selection"),
        "lasso лассо",
        "select_polygon",
        True,
    ),
    Command(
        "tool.select_wand", QT_TRANSLATE_NOOP("commands", "Magic wand"), "selection contiguous", "select_wand", True
    ),
    Command(
        "tool.select_colour_range",
        QT_TRANSLATE_NOOP("commands", "Select by colour"),
        "color range",
        "select_colour_range",
        True,
    ),
    Command("tool.hand", QT_TRANSLATE_NOOP("commands", "Hand"), "pan scroll move view", "hand", True),
    Command("tool.zoom", QT_TRANSLATE_NOOP("commands", "Zoom"), "magnifier scale увеличить", "zoom", True),
    Command(
        "tool.rotate_view",
        QT_TRANSLATE_NOOP("commands", "Rotate the view"),
        "turn canvas повернуть",
        "rotate_view",
        True,
    ),
)

BRUSH = (
    Command("brush.smaller", QT_TRANSLATE_NOOP("commands", "Smaller brush"), "size decrease размер"),
    Command("brush.larger", QT_TRANSLATE_NOOP("commands", "Larger brush"), "size increase bigger размер"),
    Command("brush.softer", QT_TRANSLATE_NOOP("commands", "Softer brush"), "hardness decrease жёсткость"),
    Command("brush.harder", QT_TRANSLATE_NOOP("commands", "Harder brush"), "hardness increase жёсткость"),
    Command("brush.opacity_less", QT_TRANSLATE_NOOP("commands", "Less brush opacity"), "transparent decrease"),
    Command("brush.opacity_more", QT_TRANSLATE_NOOP("commands", "More brush opacity"), "increase"),
    Command("brush.opacity_10", QT_TRANSLATE_NOOP("commands", "Brush opacity 10 %")),
    Command("brush.opacity_20", QT_TRANSLATE_NOOP("commands", "Brush opacity 20 %")),
    Command("brush.opacity_30", QT_TRANSLATE_NOOP("commands", "Brush opacity 30 %")),
    Command("brush.opacity_40", QT_TRANSLATE_NOOP("commands", "Brush opacity 40 %")),
    Command("brush.opacity_50", QT_TRANSLATE_NOOP("commands", "Brush opacity 50 %")),
    Command("brush.opacity_60", QT_TRANSLATE_NOOP("commands", "Brush opacity 60 %")),
    Command("brush.opacity_70", QT_TRANSLATE_NOOP("commands", "Brush opacity 70 %")),
    Command("brush.opacity_80", QT_TRANSLATE_NOOP("commands", "Brush opacity 80 %")),
    Command("brush.opacity_90", QT_TRANSLATE_NOOP("commands", "Brush opacity 90 %")),
    Command("brush.opacity_100", QT_TRANSLATE_NOOP("commands", "Brush opacity 100 %")),
    Command("brush.next_preset", QT_TRANSLATE_NOOP("commands", "Next brush preset"), "settings набор"),
    Command("brush.previous_preset", QT_TRANSLATE_NOOP("commands", "Previous brush preset"), "settings набор"),
)
