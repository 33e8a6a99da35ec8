<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ru_RU">
<context>
    <name>amounts</name>
    <message>
        <source>{count} B</source>
        <translation>{count} Б</translation>
    </message>
</context>
<context>
    <name>AboutDialog</name>
    <message>
        <source>About Kandinsky Studio</source>
        <translation>О программе Kandinsky Studio</translation>
    </message>
    <message>
        <source>Pictures from words with the Kandinsky 2 models, on your own computer. Nothing is sent anywhere: the program works without a network.</source>
        <translation>Картины по описанию с моделями Kandinsky 2 — на вашем компьютере. Ничего никуда не отправляется: программе не нужна сеть.</translation>
    </message>
    <message>
        <source>Free software under the Apache License 2.0.</source>
        <translation>Свободная программа, лицензия Apache 2.0.</translation>
    </message>
    <message>
        <source>Licences of the models</source>
        <translation>Лицензии моделей</translation>
    </message>
    <message>
        <source>part of this program</source>
        <translation>часть этой программы</translation>
    </message>
    <message>
        <source>The window is made with Qt {version}, which is used under the GNU Lesser General Public License 3 and may be replaced by another Qt: how is told beside its licence.</source>
        <translation>Окно сделано на Qt {version}: она используется по лицензии GNU LGPL 3, и её можно заменить другой Qt; как это сделать, сказано рядом с её лицензией.</translation>
    </message>
    <message>
        <source>Licences of other software…</source>
        <translation>Лицензии компонентов…</translation>
    </message>
    <message>
        <source>Licence of Qt…</source>
        <translation>Лицензия Qt…</translation>
    </message>
    <message>
        <source>{licences}, published by {publishers}</source>
        <translation>{licences}, издатель: {publishers}</translation>
    </message>
    <message>
        <source>Portable: settings, library and models are kept beside the program.</source>
        <translation>Переносная: настройки, библиотека и модели хранятся рядом с программой.</translation>
    </message>
</context>
<context>
    <name>BuiltinModelDialog</name>
    <message>
        <source>The built-in model</source>
        <translation>Встроенная модель</translation>
    </message>
    <message>
        <source>A tiny model with the parts of Kandinsky 2.2, trained only on drawn flat shapes on plain grounds. It knows no cats, no faces and no landscapes. With it you can try everything at once, on any computer.</source>
        <translation>Крошечная модель, устроенная как Kandinsky 2.2, но обученная только на плоских фигурах на ровном фоне. Она не знает ни кошек, ни лиц, ни пейзажей. С ней можно сразу попробовать всё — на любом компьютере.</translation>
    </message>
    <message>
        <source>Click an example to put it into the prompt</source>
        <translation>Нажмите на пример, и он станет запросом</translation>
    </message>
    <message>
        <source>an orange ring on a black background</source>
        <translation>оранжевое кольцо на чёрном фоне</translation>
    </message>
    <message>
        <source>a big yellow star on a purple background</source>
        <translation>большая жёлтая звезда на фиолетовом фоне</translation>
    </message>
    <message>
        <source>a small green triangle at the top on a white background</source>
        <translation>маленький зелёный треугольник сверху на белом фоне</translation>
    </message>
    <message>
        <source>a red square to the left of a white circle on a blue background</source>
        <translation>красный квадрат слева, белый круг справа на синем фоне</translation>
    </message>
    <message>
        <source>Get real pictures…</source>
        <translation>Настоящие картины…</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>A few letters of a command</source>
        <translation>Несколько букв команды</translation>
    </message>
    <message>
        <source>Find a command</source>
        <translation>Найти команду</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>Команды</translation>
    </message>
    <message>
        <source>No command has these letters.</source>
        <translation>Нет команды с такими буквами.</translation>
    </message>
    <message>
        <source>not possible now</source>
        <translation>сейчас невозможно</translation>
    </message>
</context>
<context>
    <name>Deeds</name>
    <message>
        <source>PNG, with nothing lost (*.png);;JPEG (*.jpg *.jpeg);;WebP (*.webp)</source>
        <translation>PNG, без потерь (*.png);;JPEG (*.jpg *.jpeg);;WebP (*.webp)</translation>
    </message>
    <message>
        <source>Save the picture</source>
        <translation>Сохранить картину</translation>
    </message>
    <message>
        <source>Open the folder of a model</source>
        <translation>Открыть папку модели</translation>
    </message>
</context>
<context>
    <name>DiagnosticsDialog</name>
    <message>
        <source>Diagnostics</source>
        <translation>Диагностика</translation>
    </message>
    <message>
        <source>What helps others to find a fault: versions, devices, memory, models and the end of the log. No prompts, no pictures, no names of files, folders or people are in it, and nothing is sent: copy it, or save it, and read what you hand on.</source>
        <translation>То, что помогает найти неисправность: версии, устройства, память, модели и конец журнала. В отчёте нет запросов, картин, имён файлов, папок и людей, и он никуда не отправляется: скопируйте или сохраните его и прочтите, прежде чем передать.</translation>
    </message>
    <message>
        <source>Report, in English</source>
        <translation>Отчёт, на английском</translation>
    </message>
    <message>
        <source>Looking at this computer…</source>
        <translation>Осматриваем компьютер…</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Копировать</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>Сохранить…</translation>
    </message>
    <message>
        <source>The engine has not answered yet. Its part is added when it does; the rest can be used now.</source>
        <translation>Движок ещё не ответил. Его часть добавится, когда он ответит; остальным можно пользоваться уже сейчас.</translation>
    </message>
    <message>
        <source>The report is in the clipboard.</source>
        <translation>Отчёт в буфере обмена.</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>Сохранить отчёт</translation>
    </message>
    <message>
        <source>Text (*.txt)</source>
        <translation>Текст (*.txt)</translation>
    </message>
    <message>
        <source>Written to {file}.</source>
        <translation>Записано в {file}.</translation>
    </message>
</context>
<context>
    <name>EmptyState</name>
    <message>
        <source>Describe a picture…</source>
        <translation>Опишите картину…</translation>
    </message>
    <message>
        <source>Write a prompt on the right, or begin with one of these:</source>
        <translation>Напишите запрос справа или начните с одного из этих:</translation>
    </message>
    <message>
        <source>a red circle on a blue background</source>
        <translation>красный круг на синем фоне</translation>
    </message>
    <message>
        <source>a yellow triangle on a black background</source>
        <translation>жёлтый треугольник на чёрном фоне</translation>
    </message>
    <message>
        <source>a green star on a white background</source>
        <translation>зелёная звезда на белом фоне</translation>
    </message>
    <message>
        <source>Your picture is on its way…</source>
        <translation>Картина уже создаётся…</translation>
    </message>
    <message>
        <source>“{prompt}”. The first one takes longer: the model is being loaded.</source>
        <translation>«{prompt}». Первая — чуть дольше: загружается модель.</translation>
    </message>
</context>
<context>
    <name>Gallery</name>
    <message>
        <source>Save again</source>
        <translation>Сохранить ещё раз</translation>
    </message>
    <message>
        <source>Saved as {file}.</source>
        <translation>Сохранено: {file}.</translation>
    </message>
    <message>
        <source>The picture is in the trash.</source>
        <translation>Картина в корзине.</translation>
    </message>
    <message>
        <source>Pictures moved to the trash: {count}.</source>
        <translation>В корзину перемещено картин: {count}.</translation>
    </message>
    <message>
        <source>The picture is back in the gallery.</source>
        <translation>Картина снова в галерее.</translation>
    </message>
    <message>
        <source>Pictures brought back to the gallery: {count}.</source>
        <translation>В галерею возвращено картин: {count}.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Вернуть</translation>
    </message>
</context>
<context>
    <name>GalleryPanel</name>
    <message>
        <source>Gallery</source>
        <translation>Галерея</translation>
    </message>
    <message>
        <source>Search prompts</source>
        <translation>Искать в запросах</translation>
    </message>
    <message>
        <source>Search the gallery</source>
        <translation>Поиск в галерее</translation>
    </message>
    <message>
        <source>No prompt has these words.</source>
        <translation>Запросов с такими словами нет.</translation>
    </message>
    <message>
        <source>Save again</source>
        <translation>Сохранить ещё раз</translation>
    </message>
    <message>
        <source>Every picture you make is kept here. A double click paints on it; drag it into the mix or onto a canvas.</source>
        <translation>Здесь хранятся все ваши картины. Двойной щелчок — рисовать поверх; картину можно перетащить в смесь или на холст.</translation>
    </message>
</context>
<context>
    <name>Generation</name>
    <message>
        <source>Memory ran out, so less of the model stays in it; pictures take longer.</source>
        <translation>Памяти не хватило, поэтому модель остаётся в ней не целиком; картины займут больше времени.</translation>
    </message>
</context>
<context>
    <name>KeyRecorder</name>
    <message>
        <source>Press a key… (Esc: none)</source>
        <translation>Нажмите клавишу… (Esc — отмена)</translation>
    </message>
    <message>
        <source>Add a key</source>
        <translation>Добавить клавишу</translation>
    </message>
</context>
<context>
    <name>KeysDialog</name>
    <message>
        <source>Keys</source>
        <translation>Клавиши</translation>
    </message>
    <message>
        <source>Zoom where the pointer is</source>
        <translation>Увеличить у курсора</translation>
    </message>
    <message>
        <source>Move the picture</source>
        <translation>Двигать картину</translation>
    </message>
    <message>
        <source>Keymap</source>
        <translation>Раскладка</translation>
    </message>
    <message>
        <source>A command or a key</source>
        <translation>Команда или клавиша</translation>
    </message>
    <message>
        <source>Search commands and keys</source>
        <translation>Искать команды и клавиши</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Команда</translation>
    </message>
    <message>
        <source>Commands and their keys</source>
        <translation>Команды и их клавиши</translation>
    </message>
    <message>
        <source>Where a new key counts</source>
        <translation>Где действует новая клавиша</translation>
    </message>
    <message>
        <source>Give this command the keys of the keymap again</source>
        <translation>Вернуть этой команде клавиши раскладки</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Импорт…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Экспорт…</translation>
    </message>
    <message>
        <source>Give every command the keys of the keymap again</source>
        <translation>Вернуть всем командам клавиши раскладки</translation>
    </message>
    <message>
        <source>Mouse and pen</source>
        <translation>Мышь и перо</translation>
    </message>
    <message>
        <source>no key</source>
        <translation>нет клавиши</translation>
    </message>
    <message>
        <source>changed</source>
        <translation>изменено</translation>
    </message>
    <message>
        <source>in conflict</source>
        <translation>конфликт</translation>
    </message>
    <message>
        <source>Take {key} away from this command</source>
        <translation>Убрать {key} у этой команды</translation>
    </message>
    <message>
        <source>“{other}” has the same key; neither works.</source>
        <translation>У команды «{other}» та же клавиша; не действует ни одна.</translation>
    </message>
    <message>
        <source>Keep it here only</source>
        <translation>Оставить только здесь</translation>
    </message>
    <message>
        <source>{key} belongs to “{other}”.</source>
        <translation>{key} — клавиша команды «{other}».</translation>
    </message>
    <message>
        <source>Take it from there</source>
        <translation>Забрать оттуда</translation>
    </message>
    <message>
        <source>Every key is as the keymap has it.</source>
        <translation>Все клавиши — как в раскладке.</translation>
    </message>
    <message>
        <source>Bring my keys back</source>
        <translation>Вернуть мои клавиши</translation>
    </message>
    <message>
        <source>Import keys</source>
        <translation>Импорт клавиш</translation>
    </message>
    <message>
        <source>Keymaps (*.json)</source>
        <translation>Раскладки (*.json)</translation>
    </message>
    <message>
        <source>The keys of {file} count now.</source>
        <translation>Теперь действуют клавиши из {file}.</translation>
    </message>
    <message>
        <source>Export keys</source>
        <translation>Экспорт клавиш</translation>
    </message>
    <message>
        <source>Written to {file}.</source>
        <translation>Записано в {file}.</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Сбросить</translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation>Сбросить всё</translation>
    </message>
    <message>
        <source>Wheel, or Ctrl + Space + drag</source>
        <translation>Колесо или Ctrl + Пробел + тянуть</translation>
    </message>
    <message>
        <source>Space + drag, middle button, arrow keys</source>
        <translation>Пробел + тянуть, средняя кнопка, стрелки</translation>
    </message>
    <message>
        <source>Rotate the view</source>
        <translation>Поворачивать вид</translation>
    </message>
    <message>
        <source>Shift + Space + drag</source>
        <translation>Shift + Пробел + тянуть</translation>
    </message>
    <message>
        <source>Move, zoom and rotate by hand</source>
        <translation>Двигать, увеличивать и поворачивать рукой</translation>
    </message>
    <message>
        <source>One or two fingers</source>
        <translation>Один или два пальца</translation>
    </message>
    <message>
        <source>Take a colour while painting</source>
        <translation>Взять цвет, не откладывая кисть</translation>
    </message>
    <message>
        <source>Alt + click, Ctrl + click</source>
        <translation>Alt + щелчок, Ctrl + щелчок</translation>
    </message>
    <message>
        <source>Size and hardness of the brush</source>
        <translation>Размер и жёсткость кисти</translation>
    </message>
    <message>
        <source>Shift + drag, Alt + right button</source>
        <translation>Shift + тянуть, Alt + правая кнопка</translation>
    </message>
    <message>
        <source>Straight line from the last point</source>
        <translation>Прямая от последней точки</translation>
    </message>
    <message>
        <source>Shift + click</source>
        <translation>Shift + щелчок</translation>
    </message>
    <message>
        <source>Brushes and colours at the pointer</source>
        <translation>Кисти и цвета у курсора</translation>
    </message>
    <message>
        <source>Right button</source>
        <translation>Правая кнопка</translation>
    </message>
    <message>
        <source>Add to the selection</source>
        <translation>Добавить к выделению</translation>
    </message>
    <message>
        <source>Shift + drag</source>
        <translation>Shift + тянуть</translation>
    </message>
    <message>
        <source>Take from the selection</source>
        <translation>Вычесть из выделения</translation>
    </message>
    <message>
        <source>Alt + drag</source>
        <translation>Alt + тянуть</translation>
    </message>
    <message>
        <source>Keep what is in both selections</source>
        <translation>Оставить общее двух выделений</translation>
    </message>
    <message>
        <source>Shift + Alt + drag</source>
        <translation>Shift + Alt + тянуть</translation>
    </message>
</context>
<context>
    <name>LicencesDialog</name>
    <message>
        <source>Licences of other software</source>
        <translation>Лицензии компонентов</translation>
    </message>
    <message>
        <source>A name or a licence</source>
        <translation>Название или лицензия</translation>
    </message>
    <message>
        <source>Search the licences</source>
        <translation>Поиск по лицензиям</translation>
    </message>
    <message>
        <source>Software that the program is made of</source>
        <translation>Компоненты программы</translation>
    </message>
    <message>
        <source>The licence</source>
        <translation>Лицензия</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Читаем…</translation>
    </message>
    <message>
        <source>Nothing is called that.</source>
        <translation>Ничего с таким названием.</translation>
    </message>
    <message>
        <source>As it was collected when this program was built.</source>
        <translation>Как собрано при сборке этой программы.</translation>
    </message>
    <message>
        <source>The program runs from its source: this is what is installed beside it now, as each part tells of itself. A packaged program carries a list of its own.</source>
        <translation>Программа работает из исходного кода: здесь то, что установлено рядом с ней сейчас, со слов самих частей. Собранная программа несёт собственный список.</translation>
    </message>
    <message>
        <source>Licence: {licence}</source>
        <translation>Лицензия: {licence}</translation>
    </message>
    <message>
        <source>In the runtime pack {name}</source>
        <translation>В пакете вычислений {name}</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Файл</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Правка</translation>
    </message>
    <message>
        <source>&amp;Picture</source>
        <translation>&amp;Картина</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Вид</translation>
    </message>
    <message>
        <source>&amp;Panels</source>
        <translation>&amp;Панели</translation>
    </message>
    <message>
        <source>&amp;Theme</source>
        <translation>&amp;Тема</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Язык</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Справка</translation>
    </message>
    <message>
        <source>Canvas</source>
        <translation>Холст</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>Набросок</translation>
    </message>
    <message>
        <source>Pictures that could not be saved: {count}.</source>
        <translation>Картин, которые не удалось сохранить: {count}.</translation>
    </message>
    <message>
        <source>Choose a folder to save them in, or they are lost.</source>
        <translation>Выберите для них папку, иначе они пропадут.</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>Выбрать папку…</translation>
    </message>
    <message>
        <source>Quit without them</source>
        <translation>Выйти без них</translation>
    </message>
    <message>
        <source>Save the pictures in</source>
        <translation>Сохранить картины в</translation>
    </message>
    <message>
        <source>&amp;Image</source>
        <translation>&amp;Изображение</translation>
    </message>
    <message>
        <source>&amp;Layer</source>
        <translation>&amp;Слой</translation>
    </message>
    <message>
        <source>&amp;Mask</source>
        <translation>М&amp;аска</translation>
    </message>
    <message>
        <source>&amp;Select</source>
        <translation>&amp;Выделение</translation>
    </message>
    <message>
        <source>Open a recent document</source>
        <translation>Открыть недавний документ</translation>
    </message>
    <message>
        <source>Picture of the gallery</source>
        <translation>Картина из галереи</translation>
    </message>
    <message>
        <source>&amp;Depth</source>
        <translation>&amp;Глубина</translation>
    </message>
</context>
<context>
    <name>MessageBar</name>
    <message>
        <source>Copy details</source>
        <translation>Копировать подробности</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Закрыть</translation>
    </message>
</context>
<context>
    <name>OpeningCard</name>
    <message>
        <source>Cancel</source>
        <translation>Отмена</translation>
    </message>
    <message>
        <source>Opening a document</source>
        <translation>Открывается документ</translation>
    </message>
    <message>
        <source>Opening “{file}”…</source>
        <translation>Открывается «{file}»…</translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>Preferences</source>
        <translation>Настройки программы</translation>
    </message>
    <message>
        <source>As on the desktop</source>
        <translation>Как в системе</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Светлая</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Тёмная</translation>
    </message>
    <message>
        <source>Gallery folder</source>
        <translation>Папка галереи</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>Allowed when I ask for them</source>
        <translation>Разрешены, когда я прошу</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Токен</translation>
    </message>
    <message>
        <source>For models whose licence one has to agree to on the Hub. It is kept until the program ends, and nowhere on the disk.</source>
        <translation>Для моделей, лицензию которых нужно принять на Hub. Хранится до конца работы программы и нигде на диске.</translation>
    </message>
    <message>
        <source>Keep it in the system's key store</source>
        <translation>Держать в хранилище ключей</translation>
    </message>
    <message>
        <source>The system’s</source>
        <translation>Как в системе</translation>
    </message>
    <message>
        <source>Every picture is a file in here, also those that are in no document.</source>
        <translation>Каждая картина лежит здесь файлом, даже если её нет ни в одном документе.</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Открыть</translation>
    </message>
    <message>
        <source>Show the pictures in the file manager.</source>
        <translation>Показать картины в файловом менеджере.</translation>
    </message>
    <message>
        <source>Usually not needed</source>
        <translation>Обычно не нужен</translation>
    </message>
</context>
<context>
    <name>PromptForm</name>
    <message>
        <source>Describe a picture…</source>
        <translation>Опишите картину…</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>Запрос</translation>
    </message>
    <message>
        <source>What the picture shows</source>
        <translation>Что изображено на картине</translation>
    </message>
    <message>
        <source>What should not be in it</source>
        <translation>Чего на ней быть не должно</translation>
    </message>
    <message>
        <source>Negative prompt</source>
        <translation>Чего не рисовать</translation>
    </message>
    <message>
        <source>What the picture should not show</source>
        <translation>Чего на картине быть не должно</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Модель</translation>
    </message>
    <message>
        <source>The model that makes the picture</source>
        <translation>Модель, которая рисует картину</translation>
    </message>
    <message>
        <source>Built-in model: shapes and colours.</source>
        <translation>Встроенная модель: фигуры и цвета.</translation>
    </message>
    <message>
        <source>What can it draw?</source>
        <translation>Что она умеет?</translation>
    </message>
    <message>
        <source>What can the built-in model draw?</source>
        <translation>Что умеет рисовать встроенная модель?</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>Формат</translation>
    </message>
    <message>
        <source>Sizes the model draws best</source>
        <translation>Размеры, которые модель рисует лучше всего</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Размер</translation>
    </message>
    <message>
        <source>Width</source>
        <translation>Ширина</translation>
    </message>
    <message>
        <source>Width in pixels</source>
        <translation>Ширина в пикселях</translation>
    </message>
    <message>
        <source>Height</source>
        <translation>Высота</translation>
    </message>
    <message>
        <source>Height in pixels</source>
        <translation>Высота в пикселях</translation>
    </message>
    <message>
        <source> px</source>
        <translation> пикс.</translation>
    </message>
    <message>
        <source>Swap width and height</source>
        <translation>Поменять ширину и высоту местами</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Количество</translation>
    </message>
    <message>
        <source>How many pictures to make</source>
        <translation>Сколько картин создать</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Шаги</translation>
    </message>
    <message>
        <source>More steps: finer, and slower</source>
        <translation>Чем больше шагов, тем тоньше проработка и дольше ожидание</translation>
    </message>
    <message>
        <source>Guidance</source>
        <translation>Точность</translation>
    </message>
    <message>
        <source>How closely the picture keeps to the idea</source>
        <translation>Насколько точно картина следует идее</translation>
    </message>
    <message>
        <source>Strength</source>
        <translation>Сила</translation>
    </message>
    <message>
        <source>How much of the picture may change</source>
        <translation>Какая часть картины может измениться</translation>
    </message>
    <message>
        <source>Seeds</source>
        <translation>Зёрна (сиды)</translation>
    </message>
    <message>
        <source>What is in the picture. Lock it to keep the idea and draw it another way.</source>
        <translation>Что на картине. Закрепите, чтобы сохранить идею и нарисовать её иначе.</translation>
    </message>
    <message>
        <source>How the idea is drawn. Lock it to keep the drawing and change the idea.</source>
        <translation>Как идея нарисована. Закрепите, чтобы сохранить исполнение и сменить идею.</translation>
    </message>
    <message>
        <source>Idea</source>
        <translation>Идея</translation>
    </message>
    <message>
        <source>Rendering</source>
        <translation>Исполнение</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>Дополнительно</translation>
    </message>
    <message>
        <source>Idea steps</source>
        <translation>Шаги идеи</translation>
    </message>
    <message>
        <source>Steps from the words to the idea</source>
        <translation>Шаги от слов к идее</translation>
    </message>
    <message>
        <source>Idea guidance</source>
        <translation>Точность идеи</translation>
    </message>
    <message>
        <source>How closely the idea keeps to the words</source>
        <translation>Насколько точно идея следует словам</translation>
    </message>
    <message>
        <source>Sampler</source>
        <translation>Сэмплер</translation>
    </message>
    <message>
        <source>The way from noise to the picture</source>
        <translation>Путь от шума к картине</translation>
    </message>
    <message>
        <source>{name} seed</source>
        <translation>Зерно: {name}</translation>
    </message>
    <message>
        <source>Draw a new seed: {name}</source>
        <translation>Новое зерно: {name}</translation>
    </message>
    <message>
        <source>Draw a new seed</source>
        <translation>Выбрать новое зерно</translation>
    </message>
    <message>
        <source>Lock the seed: {name}</source>
        <translation>Закрепить зерно: {name}</translation>
    </message>
    <message>
        <source>Keep this seed</source>
        <translation>Закрепить это зерно</translation>
    </message>
    <message>
        <source>Square</source>
        <translation>Квадрат</translation>
    </message>
    <message>
        <source>Landscape</source>
        <translation>Горизонтальный</translation>
    </message>
    <message>
        <source>Portrait</source>
        <translation>Вертикальный</translation>
    </message>
    <message>
        <source>My own</source>
        <translation>Свой</translation>
    </message>
    <message>
        <source>Use {model}</source>
        <translation>Выбрать {model}</translation>
    </message>
    <message>
        <source>Get real pictures…</source>
        <translation>Настоящие картины…</translation>
    </message>
    <message>
        <source>Both seeds are locked: all would be alike</source>
        <translation>Оба зерна закреплены: все картины были бы одинаковы</translation>
    </message>
</context>
<context>
    <name>PromptPanel</name>
    <message>
        <source>Prompt</source>
        <translation>Запрос</translation>
    </message>
    <message>
        <source>{model} (not installed)</source>
        <translation>{model} (нет файлов)</translation>
    </message>
    <message>
        <source>Open a model folder…</source>
        <translation>Открыть папку модели…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Отменить</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Подготовка…</translation>
    </message>
    <message>
        <source>Generate</source>
        <translation>Создать</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>Модель загружается…</translation>
    </message>
    <message>
        <source>Picture {number} of {count}</source>
        <translation>Картина {number} из {count}</translation>
    </message>
    <message>
        <source>finding the idea</source>
        <translation>поиск идеи</translation>
    </message>
    <message>
        <source>step {step} of {count}</source>
        <translation>шаг {step} из {count}</translation>
    </message>
    <message>
        <source>finishing</source>
        <translation>завершение</translation>
    </message>
    <message>
        <source>{seconds} s left</source>
        <translation>осталось {seconds} с</translation>
    </message>
    <message>
        <source>{minutes} min left</source>
        <translation>осталось {minutes} мин</translation>
    </message>
    <message>
        <source>Get models…</source>
        <translation>Получить модели…</translation>
    </message>
    <message>
        <source>Not on this computer, which has too little memory for it.</source>
        <translation>Её нет на этом компьютере, и памяти для неё мало.</translation>
    </message>
    <message>
        <source>Not on this computer. “Get models…” below brings it.</source>
        <translation>Её нет на этом компьютере. Её принесёт пункт «Получить модели…» ниже.</translation>
    </message>
</context>
<context>
    <name>Status</name>
    <message>
        <source>{model}: not installed</source>
        <translation>{model}: не установлена</translation>
    </message>
    <message>
        <source>Starting the engine…</source>
        <translation>Программа готовится…</translation>
    </message>
    <message>
        <source>{model}: loading…</source>
        <translation>{model}: загружается…</translation>
    </message>
    <message>
        <source>{model}: ready</source>
        <translation>{model}: готова</translation>
    </message>
    <message>
        <source>{model}: can't be opened</source>
        <translation>{model}: не открывается</translation>
    </message>
    <message>
        <source>On the graphics card</source>
        <translation>На видеокарте</translation>
    </message>
    <message>
        <source>On the Apple GPU</source>
        <translation>На видеокарте Apple</translation>
    </message>
    <message>
        <source>On the processor</source>
        <translation>На процессоре</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Приостановлено</translation>
    </message>
    <message>
        <source>Open the queue</source>
        <translation>Открыть очередь</translation>
    </message>
    <message>
        <source>Queue: {state}</source>
        <translation>Очередь: {state}</translation>
    </message>
    <message>
        <source>Network off</source>
        <translation>Сеть выключена</translation>
    </message>
    <message>
        <source>{model} is coming: {percent} %</source>
        <translation>Загружается {model}: {percent} %</translation>
    </message>
    <message>
        <source>Download paused</source>
        <translation>Загрузка приостановлена</translation>
    </message>
    <message>
        <source>Network not used</source>
        <translation>Сеть не используется</translation>
    </message>
    <message>
        <source>Open the models</source>
        <translation>Открыть модели</translation>
    </message>
</context>
<context>
    <name>WordsByLanguage</name>
    <message>
        <source>Colours</source>
        <translation>Цвета</translation>
    </message>
    <message>
        <source>Shapes</source>
        <translation>Фигуры</translation>
    </message>
    <message>
        <source>Sizes</source>
        <translation>Размеры</translation>
    </message>
    <message>
        <source>Places</source>
        <translation>Где</translation>
    </message>
    <message>
        <source>Two shapes</source>
        <translation>Две фигуры</translation>
    </message>
    <message>
        <source>Languages it reads, and words it knows</source>
        <translation>Какие языки она понимает и какие слова знает</translation>
    </message>
    <message>
        <source>Words it knows: {language}</source>
        <translation>Слова, которые она знает: {language}</translation>
    </message>
</context>
<context>
    <name>commands</name>
    <message>
        <source>File</source>
        <translation>Файл</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Правка</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Изображение</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>Слой</translation>
    </message>
    <message>
        <source>Selection</source>
        <translation>Выделение</translation>
    </message>
    <message>
        <source>Inpaint mask</source>
        <translation>Маска дорисовки</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>Инструменты</translation>
    </message>
    <message>
        <source>Brush</source>
        <translation>Кисть</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Вид</translation>
    </message>
    <message>
        <source>Generation</source>
        <translation>Создание</translation>
    </message>
    <message>
        <source>Gallery</source>
        <translation>Галерея</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Модели</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Окно</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Справка</translation>
    </message>
    <message>
        <source>New document…</source>
        <translation>Новый документ…</translation>
    </message>
    <message>
        <source>Open…</source>
        <translation>Открыть…</translation>
    </message>
    <message>
        <source>Open a recent document…</source>
        <translation>Открыть недавний документ…</translation>
    </message>
    <message>
        <source>Import a picture as a layer…</source>
        <translation>Вставить картину слоем…</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Сохранить</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>Сохранить как…</translation>
    </message>
    <message>
        <source>Save as the next version</source>
        <translation>Сохранить следующую версию</translation>
    </message>
    <message>
        <source>Export the picture…</source>
        <translation>Экспортировать картину…</translation>
    </message>
    <message>
        <source>Close the document</source>
        <translation>Закрыть документ</translation>
    </message>
    <message>
        <source>Next document</source>
        <translation>Следующий документ</translation>
    </message>
    <message>
        <source>Previous document</source>
        <translation>Предыдущий документ</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Выход</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Отменить действие</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Повторить действие</translation>
    </message>
    <message>
        <source>Cut</source>
        <translation>Вырезать</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Копировать</translation>
    </message>
    <message>
        <source>Copy merged</source>
        <translation>Копировать сведённое</translation>
    </message>
    <message>
        <source>Paste as a layer</source>
        <translation>Вставить слоем</translation>
    </message>
    <message>
        <source>Paste into a new document</source>
        <translation>Вставить в новый документ</translation>
    </message>
    <message>
        <source>Delete what is selected</source>
        <translation>Удалить выделенное</translation>
    </message>
    <message>
        <source>Fill with the foreground colour</source>
        <translation>Залить основным цветом</translation>
    </message>
    <message>
        <source>Fill with the background colour</source>
        <translation>Залить фоновым цветом</translation>
    </message>
    <message>
        <source>Swap the colours</source>
        <translation>Поменять цвета местами</translation>
    </message>
    <message>
        <source>Black and white colours</source>
        <translation>Чёрный и белый цвета</translation>
    </message>
    <message>
        <source>Preferences…</source>
        <translation>Настройки программы…</translation>
    </message>
    <message>
        <source>Canvas size…</source>
        <translation>Размер холста…</translation>
    </message>
    <message>
        <source>Image size…</source>
        <translation>Размер изображения…</translation>
    </message>
    <message>
        <source>Crop to the selection</source>
        <translation>Кадрировать по выделению</translation>
    </message>
    <message>
        <source>Rotate the image 90° clockwise</source>
        <translation>Повернуть на 90° по часовой</translation>
    </message>
    <message>
        <source>Rotate the image 180°</source>
        <translation>Повернуть на 180°</translation>
    </message>
    <message>
        <source>Rotate the image 90° anticlockwise</source>
        <translation>Повернуть на 90° против часовой</translation>
    </message>
    <message>
        <source>Flip the image left to right</source>
        <translation>Отразить слева направо</translation>
    </message>
    <message>
        <source>Flip the image upside down</source>
        <translation>Отразить сверху вниз</translation>
    </message>
    <message>
        <source>New layer</source>
        <translation>Новый слой</translation>
    </message>
    <message>
        <source>New depth layer</source>
        <translation>Новый слой глубины</translation>
    </message>
    <message>
        <source>New layer from the clipboard</source>
        <translation>Новый слой из буфера обмена</translation>
    </message>
    <message>
        <source>Duplicate the layer</source>
        <translation>Дублировать слой</translation>
    </message>
    <message>
        <source>Delete the layer</source>
        <translation>Удалить слой</translation>
    </message>
    <message>
        <source>Rename the layer</source>
        <translation>Переименовать слой</translation>
    </message>
    <message>
        <source>Clear the layer</source>
        <translation>Очистить слой</translation>
    </message>
    <message>
        <source>Group layers</source>
        <translation>Сгруппировать слои</translation>
    </message>
    <message>
        <source>Ungroup layers</source>
        <translation>Разгруппировать слои</translation>
    </message>
    <message>
        <source>Merge down</source>
        <translation>Объединить с нижним</translation>
    </message>
    <message>
        <source>Merge visible layers</source>
        <translation>Объединить видимые слои</translation>
    </message>
    <message>
        <source>Flatten the image</source>
        <translation>Свести всё в один слой</translation>
    </message>
    <message>
        <source>Add a layer mask</source>
        <translation>Добавить маску слоя</translation>
    </message>
    <message>
        <source>Apply the layer mask</source>
        <translation>Применить маску слоя</translation>
    </message>
    <message>
        <source>Remove the layer mask</source>
        <translation>Убрать маску слоя</translation>
    </message>
    <message>
        <source>Move the layer up</source>
        <translation>Поднять слой</translation>
    </message>
    <message>
        <source>Move the layer down</source>
        <translation>Опустить слой</translation>
    </message>
    <message>
        <source>Go to the layer above</source>
        <translation>Перейти к слою выше</translation>
    </message>
    <message>
        <source>Go to the layer below</source>
        <translation>Перейти к слою ниже</translation>
    </message>
    <message>
        <source>Lock the layer</source>
        <translation>Запереть слой</translation>
    </message>
    <message>
        <source>Lock transparent pixels</source>
        <translation>Запереть прозрачные точки</translation>
    </message>
    <message>
        <source>Hide the layer</source>
        <translation>Скрыть слой</translation>
    </message>
    <message>
        <source>Show this layer alone</source>
        <translation>Показать только этот слой</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>Выделить всё</translation>
    </message>
    <message>
        <source>Deselect</source>
        <translation>Снять выделение</translation>
    </message>
    <message>
        <source>Reselect</source>
        <translation>Вернуть выделение</translation>
    </message>
    <message>
        <source>Invert the selection</source>
        <translation>Обратить выделение</translation>
    </message>
    <message>
        <source>Grow the selection…</source>
        <translation>Расширить выделение…</translation>
    </message>
    <message>
        <source>Shrink the selection…</source>
        <translation>Сжать выделение…</translation>
    </message>
    <message>
        <source>Feather the selection…</source>
        <translation>Растушевать выделение…</translation>
    </message>
    <message>
        <source>Select what is opaque in the layer</source>
        <translation>Выделить непрозрачное в слое</translation>
    </message>
    <message>
        <source>Selection from the inpaint mask</source>
        <translation>Выделение из маски дорисовки</translation>
    </message>
    <message>
        <source>Hide the selection’s edge</source>
        <translation>Скрыть край выделения</translation>
    </message>
    <message>
        <source>Quick mask</source>
        <translation>Быстрая маска</translation>
    </message>
    <message>
        <source>Inpaint mask from the selection</source>
        <translation>Маска дорисовки из выделения</translation>
    </message>
    <message>
        <source>Inpaint mask from the layer’s alpha</source>
        <translation>Маска дорисовки из прозрачности слоя</translation>
    </message>
    <message>
        <source>Inpaint mask from a colour…</source>
        <translation>Маска дорисовки по цвету…</translation>
    </message>
    <message>
        <source>Invert the inpaint mask</source>
        <translation>Обратить маску дорисовки</translation>
    </message>
    <message>
        <source>Clear the inpaint mask</source>
        <translation>Очистить маску дорисовки</translation>
    </message>
    <message>
        <source>Fill the inpaint mask</source>
        <translation>Залить маску дорисовки</translation>
    </message>
    <message>
        <source>Import the inpaint mask…</source>
        <translation>Импортировать маску дорисовки…</translation>
    </message>
    <message>
        <source>Export the inpaint mask…</source>
        <translation>Экспортировать маску дорисовки…</translation>
    </message>
    <message>
        <source>Show the inpaint mask in red</source>
        <translation>Показать маску красным</translation>
    </message>
    <message>
        <source>Show the inpaint mask’s edge</source>
        <translation>Показать край маски</translation>
    </message>
    <message>
        <source>Pencil</source>
        <translation>Карандаш</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>Ластик</translation>
    </message>
    <message>
        <source>Mask brush</source>
        <translation>Кисть маски</translation>
    </message>
    <message>
        <source>Mask eraser</source>
        <translation>Ластик маски</translation>
    </message>
    <message>
        <source>Smudge</source>
        <translation>Палец</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>Заливка</translation>
    </message>
    <message>
        <source>Gradient</source>
        <translation>Градиент</translation>
    </message>
    <message>
        <source>Colour picker</source>
        <translation>Пипетка</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Перемещение</translation>
    </message>
    <message>
        <source>Transform</source>
        <translation>Преобразование</translation>
    </message>
    <message>
        <source>Crop</source>
        <translation>Кадрирование</translation>
    </message>
    <message>
        <source>Rectangular selection</source>
        <translation>Прямоугольное выделение</translation>
    </message>
    <message>
        <source>Elliptical selection</source>
        <translation>Эллиптическое выделение</translation>
    </message>
    <message>
        <source>Lasso</source>
        <translation>Лассо</translation>
    </message>
    <message>
        <source>Polygonal selection</source>
        <translation>Многоугольное выделение</translation>
    </message>
    <message>
        <source>Magic wand</source>
        <translation>Волшебная палочка</translation>
    </message>
    <message>
        <source>Select by colour</source>
        <translation>Выделение по цвету</translation>
    </message>
    <message>
        <source>Hand</source>
        <translation>Рука</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Масштаб</translation>
    </message>
    <message>
        <source>Rotate the view</source>
        <translation>Поворот вида</translation>
    </message>
    <message>
        <source>Smaller brush</source>
        <translation>Меньше кисть</translation>
    </message>
    <message>
        <source>Larger brush</source>
        <translation>Больше кисть</translation>
    </message>
    <message>
        <source>Softer brush</source>
        <translation>Мягче кисть</translation>
    </message>
    <message>
        <source>Harder brush</source>
        <translation>Жёстче кисть</translation>
    </message>
    <message>
        <source>Less brush opacity</source>
        <translation>Прозрачнее кисть</translation>
    </message>
    <message>
        <source>More brush opacity</source>
        <translation>Плотнее кисть</translation>
    </message>
    <message>
        <source>Next brush preset</source>
        <translation>Следующая кисть</translation>
    </message>
    <message>
        <source>Previous brush preset</source>
        <translation>Предыдущая кисть</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Увеличить</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Уменьшить</translation>
    </message>
    <message>
        <source>Actual size (100 %)</source>
        <translation>Реальный размер (100 %)</translation>
    </message>
    <message>
        <source>Fit in the window</source>
        <translation>По размеру окна</translation>
    </message>
    <message>
        <source>Fit the width</source>
        <translation>По ширине окна</translation>
    </message>
    <message>
        <source>Rotate the view left</source>
        <translation>Повернуть вид влево</translation>
    </message>
    <message>
        <source>Rotate the view right</source>
        <translation>Повернуть вид вправо</translation>
    </message>
    <message>
        <source>Straighten the view</source>
        <translation>Выпрямить вид</translation>
    </message>
    <message>
        <source>Mirror the view</source>
        <translation>Отразить вид</translation>
    </message>
    <message>
        <source>Pixel grid</source>
        <translation>Сетка пикселей</translation>
    </message>
    <message>
        <source>Rulers</source>
        <translation>Линейки</translation>
    </message>
    <message>
        <source>Canvas only</source>
        <translation>Только холст</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Во весь экран</translation>
    </message>
    <message>
        <source>Generate</source>
        <translation>Создать</translation>
    </message>
    <message>
        <source>Generate before all others</source>
        <translation>Создать вне очереди</translation>
    </message>
    <message>
        <source>Cancel the generation</source>
        <translation>Прервать создание</translation>
    </message>
    <message>
        <source>Cancel all generations</source>
        <translation>Прервать всё</translation>
    </message>
    <message>
        <source>Draw new seeds</source>
        <translation>Выбрать новые зёрна</translation>
    </message>
    <message>
        <source>Go to the prompt</source>
        <translation>Перейти к запросу</translation>
    </message>
    <message>
        <source>Search the gallery</source>
        <translation>Искать в галерее</translation>
    </message>
    <message>
        <source>Use the picture’s settings</source>
        <translation>Взять настройки картины</translation>
    </message>
    <message>
        <source>Use the picture’s seeds</source>
        <translation>Взять зёрна картины</translation>
    </message>
    <message>
        <source>Copy the picture</source>
        <translation>Копировать картину</translation>
    </message>
    <message>
        <source>Copy the prompt</source>
        <translation>Копировать запрос</translation>
    </message>
    <message>
        <source>Save the picture as…</source>
        <translation>Сохранить картину как…</translation>
    </message>
    <message>
        <source>Open the picture’s folder</source>
        <translation>Открыть папку картины</translation>
    </message>
    <message>
        <source>Move the picture to the trash</source>
        <translation>Удалить картину в корзину</translation>
    </message>
    <message>
        <source>Bring deleted pictures back</source>
        <translation>Вернуть удалённые картины</translation>
    </message>
    <message>
        <source>Open a model folder…</source>
        <translation>Открыть папку модели…</translation>
    </message>
    <message>
        <source>Get real pictures…</source>
        <translation>Настоящие картины…</translation>
    </message>
    <message>
        <source>Find a command…</source>
        <translation>Найти команду…</translation>
    </message>
    <message>
        <source>Go to the next panel</source>
        <translation>Перейти к следующей панели</translation>
    </message>
    <message>
        <source>Put the panels back</source>
        <translation>Вернуть панели на место</translation>
    </message>
    <message>
        <source>Theme of the desktop</source>
        <translation>Тема как в системе</translation>
    </message>
    <message>
        <source>Light theme</source>
        <translation>Светлая тема</translation>
    </message>
    <message>
        <source>Dark theme</source>
        <translation>Тёмная тема</translation>
    </message>
    <message>
        <source>Language of the desktop</source>
        <translation>Язык как в системе</translation>
    </message>
    <message>
        <source>Keys…</source>
        <translation>Клавиши…</translation>
    </message>
    <message>
        <source>What the built-in model draws</source>
        <translation>Что рисует встроенная модель</translation>
    </message>
    <message>
        <source>About Kandinsky Studio</source>
        <translation>О программе Kandinsky Studio</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>Везде</translation>
    </message>
    <message>
        <source>On the canvas</source>
        <translation>На холсте</translation>
    </message>
    <message>
        <source>In the layers</source>
        <translation>В слоях</translation>
    </message>
    <message>
        <source>In the gallery</source>
        <translation>В галерее</translation>
    </message>
    <message>
        <source>Brush opacity 10 %</source>
        <translation>Плотность кисти 10 %</translation>
    </message>
    <message>
        <source>Brush opacity 20 %</source>
        <translation>Плотность кисти 20 %</translation>
    </message>
    <message>
        <source>Brush opacity 30 %</source>
        <translation>Плотность кисти 30 %</translation>
    </message>
    <message>
        <source>Brush opacity 40 %</source>
        <translation>Плотность кисти 40 %</translation>
    </message>
    <message>
        <source>Brush opacity 50 %</source>
        <translation>Плотность кисти 50 %</translation>
    </message>
    <message>
        <source>Brush opacity 60 %</source>
        <translation>Плотность кисти 60 %</translation>
    </message>
    <message>
        <source>Brush opacity 70 %</source>
        <translation>Плотность кисти 70 %</translation>
    </message>
    <message>
        <source>Brush opacity 80 %</source>
        <translation>Плотность кисти 80 %</translation>
    </message>
    <message>
        <source>Brush opacity 90 %</source>
        <translation>Плотность кисти 90 %</translation>
    </message>
    <message>
        <source>Brush opacity 100 %</source>
        <translation>Плотность кисти 100 %</translation>
    </message>
    <message>
        <source>Tablet tester…</source>
        <translation>Проверка планшета…</translation>
    </message>
    <message>
        <source>Generation frame</source>
        <translation>Рамка генерации</translation>
    </message>
    <message>
        <source>Remove what is marked</source>
        <translation>Убрать отмеченное</translation>
    </message>
    <message>
        <source>Previous candidate</source>
        <translation>Предыдущий вариант</translation>
    </message>
    <message>
        <source>Next candidate</source>
        <translation>Следующий вариант</translation>
    </message>
    <message>
        <source>Keep the candidate, or those marked, as layers</source>
        <translation>Оставить вариант или отмеченные слоями</translation>
    </message>
    <message>
        <source>Keep all candidates as layers</source>
        <translation>Оставить все варианты слоями</translation>
    </message>
    <message>
        <source>Live: the picture follows the strokes</source>
        <translation>На лету: картина следует за мазками</translation>
    </message>
    <message>
        <source>Keep the live picture as a layer</source>
        <translation>Оставить картину «на лету» слоем</translation>
    </message>
    <message>
        <source>Drop the candidates</source>
        <translation>Убрать варианты</translation>
    </message>
    <message>
        <source>Open the picture as a document</source>
        <translation>Открыть картину как документ</translation>
    </message>
    <message>
        <source>Put the picture on a layer</source>
        <translation>Положить картину на слой</translation>
    </message>
    <message>
        <source>Compare with a divider</source>
        <translation>Сравнить шторкой</translation>
    </message>
    <message>
        <source>Candidates side by side</source>
        <translation>Варианты рядом</translation>
    </message>
    <message>
        <source>Mark the candidate to keep several</source>
        <translation>Отметить вариант, чтобы оставить несколько</translation>
    </message>
    <message>
        <source>Depth</source>
        <translation>Глубина</translation>
    </message>
    <message>
        <source>Estimate depth from the picture</source>
        <translation>Оценить глубину картины</translation>
    </message>
    <message>
        <source>Estimate depth from the active layer</source>
        <translation>Оценить глубину активного слоя</translation>
    </message>
    <message>
        <source>Depth from how light the layer is</source>
        <translation>Глубина по светлоте слоя</translation>
    </message>
    <message>
        <source>Invert depth</source>
        <translation>Обратить глубину</translation>
    </message>
    <message>
        <source>Strength and range of depth…</source>
        <translation>Сила и диапазон глубины…</translation>
    </message>
    <message>
        <source>Import a depth map…</source>
        <translation>Импортировать карту глубины…</translation>
    </message>
    <message>
        <source>Export the depth map…</source>
        <translation>Экспортировать карту глубины…</translation>
    </message>
    <message>
        <source>Export the depth map, 16 bits…</source>
        <translation>Экспортировать карту глубины, 16 бит…</translation>
    </message>
    <message>
        <source>Show depth over the picture</source>
        <translation>Показывать глубину поверх картины</translation>
    </message>
    <message>
        <source>Depth of photographs…</source>
        <translation>Глубина фотографий…</translation>
    </message>
    <message>
        <source>Open the folder of the depth estimator…</source>
        <translation>Открыть папку с оценкой глубины…</translation>
    </message>
    <message>
        <source>What each word is worth</source>
        <translation>Сколько весит каждое слово</translation>
    </message>
    <message>
        <source>Prompt handbook</source>
        <translation>Справочник слов</translation>
    </message>
    <message>
        <source>Prompts used before…</source>
        <translation>Прежние запросы…</translation>
    </message>
    <message>
        <source>Prompt styles…</source>
        <translation>Стили запроса…</translation>
    </message>
    <message>
        <source>Edit prompt styles…</source>
        <translation>Изменить стили запроса…</translation>
    </message>
    <message>
        <source>Open the folder of wildcards</source>
        <translation>Открыть папку наборов вариантов</translation>
    </message>
    <message>
        <source>Go to the queue</source>
        <translation>Перейти к очереди</translation>
    </message>
    <message>
        <source>Pause the queue</source>
        <translation>Приостановить очередь</translation>
    </message>
    <message>
        <source>Clear what is over from the queue</source>
        <translation>Убрать из очереди законченное</translation>
    </message>
    <message>
        <source>Preview ideas of the prompt</source>
        <translation>Показать идеи запроса</translation>
    </message>
    <message>
        <source>New idea, same rendering seed</source>
        <translation>Новая идея, то же зерно исполнения</translation>
    </message>
    <message>
        <source>New rendering of this idea</source>
        <translation>Новое исполнение этой идеи</translation>
    </message>
    <message>
        <source>Let the picture drift towards words</source>
        <translation>Вести картину к словам</translation>
    </message>
    <message>
        <source>New style from the marked pictures</source>
        <translation>Новый стиль из отмеченных картин</translation>
    </message>
    <message>
        <source>Welcome page</source>
        <translation>Страница приветствия</translation>
    </message>
    <message>
        <source>Take the tour</source>
        <translation>Пройти обзор</translation>
    </message>
    <message>
        <source>Open the sample</source>
        <translation>Открыть образец</translation>
    </message>
    <message>
        <source>Add the picture to the mix</source>
        <translation>Добавить картину в смесь</translation>
    </message>
    <message>
        <source>Collect diagnostics…</source>
        <translation>Собрать диагностику…</translation>
    </message>
    <message>
        <source>Graphics card and PyTorch…</source>
        <translation>Видеокарта и PyTorch…</translation>
    </message>
    <message>
        <source>Look for a new version…</source>
        <translation>Узнать о новой версии…</translation>
    </message>
</context>
<context>
    <name>errors</name>
    <message>
        <source>A saved idea comes from a model that sees pictures differently than {model}.</source>
        <translation>Сохранённая идея получена моделью, которая видит картины иначе, чем {model}.</translation>
    </message>
    <message>
        <source>{file} was not found.</source>
        <translation>Файл {file} не найден.</translation>
    </message>
    <message>
        <source>Look at its name and its folder.</source>
        <translation>Проверьте имя файла и папку.</translation>
    </message>
    <message>
        <source>{width} × {height} pixels are not a size that a document can have.</source>
        <translation>Документ не может быть размером {width} × {height} пикселей.</translation>
    </message>
    <message>
        <source>Choose a width and a height from 1 to {maximum}.</source>
        <translation>Выберите ширину и высоту от 1 до {maximum}.</translation>
    </message>
    <message>
        <source>{layer} is locked or hidden.</source>
        <translation>Слой {layer} заблокирован или скрыт.</translation>
    </message>
    <message>
        <source>Unlock it and show it in the list of layers, or choose another layer.</source>
        <translation>Разблокируйте и покажите его в списке слоёв или выберите другой слой.</translation>
    </message>
    <message>
        <source>Something went wrong.</source>
        <translation>Что-то пошло не так.</translation>
    </message>
    <message>
        <source>Try again; if it happens again, copy the details and report it.</source>
        <translation>Попробуйте ещё раз; если повторится, скопируйте подробности и сообщите о них.</translation>
    </message>
    <message>
        <source>There is no prompt yet.</source>
        <translation>Запроса ещё нет.</translation>
    </message>
    <message>
        <source>Describe the picture in a few words, then generate.</source>
        <translation>Опишите картину несколькими словами, затем нажмите «Создать».</translation>
    </message>
    <message>
        <source>The prompt has {length} characters; {limit} is the most it can have.</source>
        <translation>В запросе {length} знаков, а можно не больше {limit}.</translation>
    </message>
    <message>
        <source>Shorten it: the models read about 60 words.</source>
        <translation>Сократите его: модели читают около 60 слов.</translation>
    </message>
    <message>
        <source>A picture of {width} × {height} pixels can't be made.</source>
        <translation>Картину {width} × {height} пикселей создать нельзя.</translation>
    </message>
    <message>
        <source>Choose a width and a height from {minimum} to {maximum} pixels.</source>
        <translation>Выберите ширину и высоту от {minimum} до {maximum} пикселей.</translation>
    </message>
    <message>
        <source>{name} can't be {value}.</source>
        <translation>Значение {value} не подходит: {name}.</translation>
    </message>
    <message>
        <source>Choose a value from {minimum} to {maximum}.</source>
        <translation>Выберите значение от {minimum} до {maximum}.</translation>
    </message>
    <message>
        <source>There is no model called “{model}”.</source>
        <translation>Модели «{model}» нет.</translation>
    </message>
    <message>
        <source>Choose one of {known}, or give the folder that holds a model.</source>
        <translation>Выберите одну из моделей ({known}) или укажите папку с моделью.</translation>
    </message>
    <message>
        <source>There is no scheduler called “{scheduler}”.</source>
        <translation>Сэмплера «{scheduler}» нет.</translation>
    </message>
    <message>
        <source>Choose one of {known}.</source>
        <translation>Выберите один из этих: {known}.</translation>
    </message>
    <message>
        <source>{model} can't do “{task}”.</source>
        <translation>{model} не умеет «{task}».</translation>
    </message>
    <message>
        <source>Choose one of these for it: {instead}.</source>
        <translation>Для этого подходят: {instead}.</translation>
    </message>
    <message>
        <source>For “{task}”, “{name}” is needed.</source>
        <translation>Для «{task}» нужно «{name}», а его нет.</translation>
    </message>
    <message>
        <source>Give it, or choose another way to make the picture.</source>
        <translation>Задайте его или выберите другой способ создать картину.</translation>
    </message>
    <message>
        <source>{name} can't be “{value}”.</source>
        <translation>{name} не может быть «{value}».</translation>
    </message>
    <message>
        <source>The size of “{name}” is {width} × {height} pixels instead of {needed_width} × {needed_height}.</source>
        <translation>Размер «{name}» — {width} × {height} пикселей вместо {needed_width} × {needed_height}.</translation>
    </message>
    <message>
        <source>Scale it, cut it, or change the size of the picture.</source>
        <translation>Измените его масштаб, обрежьте его или поменяйте размер картины.</translation>
    </message>
    <message>
        <source>The weights of the mix leave nothing of it.</source>
        <translation>С такими весами от смеси ничего не остаётся.</translation>
    </message>
    <message>
        <source>Choose weights whose sum is not zero, and none below zero in a spherical mix.</source>
        <translation>Выберите веса, сумма которых не равна нулю; в сферической смеси отрицательных весов не бывает.</translation>
    </message>
    <message>
        <source>This can't be used as a picture: {reason}.</source>
        <translation>Это нельзя использовать как изображение: {reason}.</translation>
    </message>
    <message>
        <source>Give a picture of bytes with three channels, or a mask with one.</source>
        <translation>Нужно изображение из байтов с тремя каналами или маска с одним.</translation>
    </message>
    <message>
        <source>The file does not hold the pictures that this one was made from.</source>
        <translation>В файле нет изображений, из которых сделана эта картина.</translation>
    </message>
    <message>
        <source>Repeat it from the PNG file, which holds them, or give them again.</source>
        <translation>Повторите её по файлу PNG, где они есть, или задайте их снова.</translation>
    </message>
    <message>
        <source>A saved idea has {length} numbers; {model} needs {needed}.</source>
        <translation>В сохранённой идее чисел: {length}; для {model} нужно {needed}.</translation>
    </message>
    <message>
        <source>Use an idea that was saved with this model.</source>
        <translation>Возьмите идею, сохранённую с этой же моделью.</translation>
    </message>
    <message>
        <source>The files of {model} are not on this computer (looked in {place}).</source>
        <translation>Файлов модели {model} нет на этом компьютере (искали в {place}).</translation>
    </message>
    <message>
        <source>Choose the folder that holds them, or use the built-in model.</source>
        <translation>Укажите папку, где они лежат, или возьмите встроенную модель.</translation>
    </message>
    <message>
        <source>The built-in model is missing (looked in {place}).</source>
        <translation>Встроенной модели нет на месте (искали в {place}).</translation>
    </message>
    <message>
        <source>It belongs to the program: install Kandinsky Studio again.</source>
        <translation>Она входит в состав программы: установите Kandinsky Studio заново.</translation>
    </message>
    <message>
        <source>{model} can't be opened: {reason}.</source>
        <translation>{model} не открывается: {reason}.</translation>
    </message>
    <message>
        <source>Put its files there again, or use the built-in model.</source>
        <translation>Скопируйте её файлы заново или возьмите встроенную модель.</translation>
    </message>
    <message>
        <source>There is not enough memory on {device} for this picture.</source>
        <translation>Не хватает памяти для этой картины (устройство: {device}).</translation>
    </message>
    <message>
        <source>Choose a smaller size, or close other programs.</source>
        <translation>Выберите размер поменьше или закройте другие программы.</translation>
    </message>
    <message>
        <source>The picture could not be made: {reason}.</source>
        <translation>Картину не удалось создать: {reason}.</translation>
    </message>
    <message>
        <source>Nothing can be written to {folder}.</source>
        <translation>В папку {folder} нельзя записать.</translation>
    </message>
    <message>
        <source>Choose another folder, or allow writing to this one.</source>
        <translation>Выберите другую папку или разрешите запись в эту.</translation>
    </message>
    <message>
        <source>The disk that holds {folder} is full.</source>
        <translation>Диск с папкой {folder} заполнен.</translation>
    </message>
    <message>
        <source>Make room on it, then save the picture again; it is still in the window.</source>
        <translation>Освободите место и сохраните картину ещё раз: она всё ещё в окне.</translation>
    </message>
    <message>
        <source>There is no picture in what was dropped or pasted.</source>
        <translation>В том, что перетащено или вставлено, нет картины.</translation>
    </message>
    <message>
        <source>Copy a picture, or drag the file of one here.</source>
        <translation>Скопируйте картину или перетащите сюда её файл.</translation>
    </message>
    <message>
        <source>This is only the address of a picture on the internet.</source>
        <translation>Это лишь адрес картины в интернете.</translation>
    </message>
    <message>
        <source>Save the picture in the browser and drag the file here; the program itself uses no network.</source>
        <translation>Сохраните картину в браузере и перетащите сюда файл: сама программа сетью не пользуется.</translation>
    </message>
    <message>
        <source>{file} is not a picture that can be opened.</source>
        <translation>Файл {file} не удаётся открыть как картину.</translation>
    </message>
    <message>
        <source>Choose another file.</source>
        <translation>Выберите другой файл.</translation>
    </message>
    <message>
        <source>{file} is damaged.</source>
        <translation>Файл {file} повреждён.</translation>
    </message>
    <message>
        <source>Copy or download it again, or choose another file.</source>
        <translation>Скопируйте или скачайте его ещё раз либо выберите другой файл.</translation>
    </message>
    <message>
        <source>{file} ends before the picture does.</source>
        <translation>Файл {file} обрывается раньше, чем картина.</translation>
    </message>
    <message>
        <source>It was not copied or downloaded to its end: do that again.</source>
        <translation>Он скопирован или скачан не до конца: сделайте это ещё раз.</translation>
    </message>
    <message>
        <source>{file} is a picture of {width} × {height} pixels.</source>
        <translation>{file} — картина размером {width} × {height} пикселей.</translation>
    </message>
    <message>
        <source>The most is {limit} × {limit}: make it smaller with another program.</source>
        <translation>Наибольший размер — {limit} × {limit}: уменьшите её в другой программе.</translation>
    </message>
    <message>
        <source>{file} has {size} MB.</source>
        <translation>Размер файла {file} — {size} МБ.</translation>
    </message>
    <message>
        <source>Files of up to {limit} MB can be opened: choose a smaller one.</source>
        <translation>Открываются файлы до {limit} МБ: выберите файл поменьше.</translation>
    </message>
    <message>
        <source>{file} is a kind of {format} file that can't be read.</source>
        <translation>{file} — разновидность файла {format}, которую прочесть нельзя.</translation>
    </message>
    <message>
        <source>Save it as PNG with the program that made it, and open that.</source>
        <translation>Сохраните его как PNG в программе, где он сделан, и откройте этот PNG.</translation>
    </message>
    <message>
        <source>{file} is of a kind that this program doesn't know.</source>
        <translation>{file} — файл незнакомого программе вида.</translation>
    </message>
    <message>
        <source>Choose one of these: {known}.</source>
        <translation>Выберите один из этих: {known}.</translation>
    </message>
    <message>
        <source>{file} can't be read.</source>
        <translation>Файл {file} не читается.</translation>
    </message>
    <message>
        <source>See whether it is still there, and whether you may read it.</source>
        <translation>Проверьте, на месте ли он и разрешено ли вам его читать.</translation>
    </message>
    <message>
        <source>{file} does not say how it was made.</source>
        <translation>В {file} не записано, как картина создана.</translation>
    </message>
    <message>
        <source>Choose a PNG file that Kandinsky Studio wrote.</source>
        <translation>Выберите файл PNG, записанный Kandinsky Studio.</translation>
    </message>
    <message>
        <source>{file} was written by a newer version of Kandinsky Studio.</source>
        <translation>{file} записан более новой версией Kandinsky Studio.</translation>
    </message>
    <message>
        <source>Update the program to open it.</source>
        <translation>Обновите программу, чтобы открыть его.</translation>
    </message>
    <message>
        <source>{file} can't be moved to the trash.</source>
        <translation>{file} не удаётся переместить в корзину.</translation>
    </message>
    <message>
        <source>It stays in the gallery; open its folder to delete it for good.</source>
        <translation>Картина остаётся в галерее; чтобы удалить её совсем, откройте её папку.</translation>
    </message>
    <message>
        <source>{file} can't be fetched back from the trash.</source>
        <translation>{file} не удаётся вернуть из корзины.</translation>
    </message>
    <message>
        <source>Look for it in the trash; put back into its folder, it is in the gallery again.</source>
        <translation>Найдите файл в корзине: если вернуть его в папку, картина снова будет в галерее.</translation>
    </message>
    <message>
        <source>Kandinsky Studio is already running.</source>
        <translation>Kandinsky Studio уже запущена.</translation>
    </message>
    <message>
        <source>Its window was brought to the front.</source>
        <translation>Её окно выведено на передний план.</translation>
    </message>
    <message>
        <source>The files are opened in its window, which was brought to the front.</source>
        <translation>Файлы открыты в её окне, оно выведено на передний план.</translation>
    </message>
    <message>
        <source>The stage “{stage}” reached {measured}; it needs {needed}.</source>
        <translation>Этап «{stage}» достиг {measured}, а нужно {needed}.</translation>
    </message>
    <message>
        <source>Give it more steps and start the command again; it goes on where it stopped.</source>
        <translation>Дайте ему больше шагов и запустите команду снова: она продолжит с того же места.</translation>
    </message>
    <message>
        <source>{file} is not a keymap that can be read.</source>
        <translation>{file} — не раскладка клавиш, прочесть её нельзя.</translation>
    </message>
    <message>
        <source>Choose a file that was exported here; your keys are as they were.</source>
        <translation>Выберите файл, который был экспортирован отсюда; ваши клавиши остались прежними.</translation>
    </message>
    <message>
        <source>{layer} has no mask.</source>
        <translation>У слоя «{layer}» нет маски.</translation>
    </message>
    <message>
        <source>Give it one in the list of layers, or choose another layer.</source>
        <translation>Добавьте её в списке слоёв или выберите другой слой.</translation>
    </message>
    <message>
        <source>There is nothing on {layer} that could be moved here.</source>
        <translation>На слое «{layer}» здесь нечего двигать.</translation>
    </message>
    <message>
        <source>Choose another layer, or select something of this one.</source>
        <translation>Выберите другой слой или выделите что-нибудь на этом.</translation>
    </message>
    <message>
        <source>There is no layer to work on.</source>
        <translation>Нет слоя, с которым можно работать.</translation>
    </message>
    <message>
        <source>Add a layer, or choose one in the list of layers.</source>
        <translation>Добавьте слой или выберите его в списке слоёв.</translation>
    </message>
    <message>
        <source>{layer} is a group and has no pixels of its own.</source>
        <translation>«{layer}» — группа, своих пикселей у неё нет.</translation>
    </message>
    <message>
        <source>Choose one of the layers in it.</source>
        <translation>Выберите один из слоёв внутри неё.</translation>
    </message>
    <message>
        <source>{document} was open when the program ended and can&apos;t be brought back.</source>
        <translation>{document}: документ был открыт, когда программа завершилась, и вернуть его не удалось.</translation>
    </message>
    <message>
        <source>{file} can&apos;t be saved under this name: a folder or an open document has it.</source>
        <translation>{file}: под этим именем сохранить нельзя, его носит папка или открытый документ.</translation>
    </message>
    <message>
        <source>Choose another name.</source>
        <translation>Выберите другое имя.</translation>
    </message>
    <message>
        <source>Save your documents, and make room on this disk; then it is kept again.</source>
        <translation>Сохраните документы и освободите место на этом диске — тогда всё снова будет записываться.</translation>
    </message>
    <message>
        <source>What is left of it lies in {folder}. If the document has a file, open that.</source>
        <translation>Что от него осталось, лежит в {folder}. Если у документа есть файл, откройте его.</translation>
    </message>
    <message>
        <source>What you paint from now on is lost if the program ends: {folder} takes nothing.</source>
        <translation>Нарисованное с этого момента пропадёт, если программа завершится: в {folder} ничего не записывается.</translation>
    </message>
    <message>
        <source>{file} would have more than the 2 GB that a PSD file can have.</source>
        <translation>{file} вышел бы больше 2 ГБ, а файл PSD больше быть не может.</translation>
    </message>
    <message>
        <source>Give it a name that ends with .psb, or save it as OpenRaster.</source>
        <translation>Дайте ему имя с окончанием .psb или сохраните в OpenRaster.</translation>
    </message>
    <message>
        <source>There is no layer called “{layer}” to mix.</source>
        <translation>Нет слоя «{layer}», который можно смешать.</translation>
    </message>
    <message>
        <source>Write its name as the list of layers shows it, or take it out of the mix.</source>
        <translation>Напишите имя так, как в списке слоёв, или уберите его из смеси.</translation>
    </message>
    <message>
        <source>There is nothing on {layer} that could be mixed.</source>
        <translation>На слое «{layer}» нет ничего, что можно смешать.</translation>
    </message>
    <message>
        <source>Paint something on it, or choose another layer.</source>
        <translation>Нарисуйте на нём что-нибудь или выберите другой слой.</translation>
    </message>
    <message>
        <source>There is nothing in the selection that could be mixed.</source>
        <translation>В выделенном нет ничего, что можно смешать.</translation>
    </message>
    <message>
        <source>Select a part of the picture, then add it to the mix.</source>
        <translation>Выделите часть картины и добавьте её в смесь.</translation>
    </message>
    <message>
        <source>This picture has no idea that could be kept as a pigment.</source>
        <translation>У этой картины нет идеи, которую можно сохранить как пигмент.</translation>
    </message>
    <message>
        <source>Choose one that was made here, with a model that finds an idea first.</source>
        <translation>Выберите картину, созданную здесь моделью, которая сначала находит идею.</translation>
    </message>
    <message>
        <source>{file} can't be read as a pigment.</source>
        <translation>Файл {file} нельзя прочитать как пигмент.</translation>
    </message>
    <message>
        <source>Delete it, or put a whole copy in its place.</source>
        <translation>Удалите его или положите на его место целую копию.</translation>
    </message>
    <message>
        <source>The files did not come.</source>
        <translation>Файлы не пришли.</translation>
    </message>
    <message>
        <source>Go on later: what was fetched is kept.</source>
        <translation>Продолжите позже: всё полученное сохранено.</translation>
    </message>
    <message>
        <source>{host} can't be reached.</source>
        <translation>{host} недоступен.</translation>
    </message>
    <message>
        <source>See whether this computer is online, or name a mirror, a proxy or a folder in the preferences.</source>
        <translation>Проверьте, есть ли у компьютера доступ в сеть, или укажите в настройках зеркало, прокси или папку.</translation>
    </message>
    <message>
        <source>The connection to {host} broke off again and again.</source>
        <translation>Соединение с {host} обрывается снова и снова.</translation>
    </message>
    <message>
        <source>Go on later: what was fetched is kept, to the byte.</source>
        <translation>Продолжите позже: всё полученное сохранено до байта.</translation>
    </message>
    <message>
        <source>{host} answered with a web page instead of the file.</source>
        <translation>{host} прислал веб-страницу вместо файла.</translation>
    </message>
    <message>
        <source>Open a browser and log in to this network, then go on.</source>
        <translation>Откройте браузер, войдите в эту сеть и продолжите.</translation>
    </message>
    <message>
        <source>{host} doesn't answer as a place for models does.</source>
        <translation>{host} отвечает не так, как хранилище моделей.</translation>
    </message>
    <message>
        <source>Look at the address of the mirror in the preferences.</source>
        <translation>Проверьте адрес зеркала в настройках.</translation>
    </message>
    <message>
        <source>The proxy on the way to {host} wants a name and a password.</source>
        <translation>Прокси на пути к {host} требует имя и пароль.</translation>
    </message>
    <message>
        <source>Write them into the address of the proxy in the preferences.</source>
        <translation>Впишите их в адрес прокси в настройках.</translation>
    </message>
    <message>
        <source>{repository} is not given to everybody.</source>
        <translation>{repository} выдаётся не всем.</translation>
    </message>
    <message>
        <source>Agree to its licence on its page in a browser, and give your token in the preferences.</source>
        <translation>Примите лицензию на его странице в браузере и укажите свой токен в настройках.</translation>
    </message>
    <message>
        <source>{host} does not know this token, or there is no such model there.</source>
        <translation>{host} не знает этого токена, или такой модели там нет.</translation>
    </message>
    <message>
        <source>Take the token out of the preferences, or write it there again.</source>
        <translation>Уберите токен из настроек или впишите его заново.</translation>
    </message>
    <message>
        <source>{file} is not at {host}, or not any more.</source>
        <translation>{file} нет на {host} или больше нет.</translation>
    </message>
    <message>
        <source>Choose another mirror, or get the files from somebody and import them.</source>
        <translation>Выберите другое зеркало или возьмите файлы у кого-нибудь и импортируйте их.</translation>
    </message>
    <message>
        <source>{host} gives no more files for now.</source>
        <translation>{host} пока больше не отдаёт файлы.</translation>
    </message>
    <message>
        <source>Go on in {seconds} s or later; what was fetched is kept.</source>
        <translation>Продолжите через {seconds} с или позже; всё полученное сохранено.</translation>
    </message>
    <message>
        <source>{host} has a problem of its own (answer {status}).</source>
        <translation>На {host} неполадка (ответ {status}).</translation>
    </message>
    <message>
        <source>What {host} sends as {file} is not that file.</source>
        <translation>То, что {host} присылает как {file}, — не этот файл.</translation>
    </message>
    <message>
        <source>Nothing of it was kept. Try again later, or choose another mirror.</source>
        <translation>Ничего из этого не сохранено. Попробуйте позже или выберите другое зеркало.</translation>
    </message>
    <message>
        <source>{folder} has {free} left, and {needed} more are needed.</source>
        <translation>В {folder} осталось {free}, а нужно ещё {needed}.</translation>
    </message>
    <message>
        <source>Make room there, or move the models to another disk.</source>
        <translation>Освободите там место или перенесите модели на другой диск.</translation>
    </message>
    <message>
        <source>The disk of {folder} can't hold files as large as {file}.</source>
        <translation>Диск с {folder} не вмещает таких больших файлов, как {file}.</translation>
    </message>
    <message>
        <source>Move the models to a disk that is not formatted as FAT32.</source>
        <translation>Перенесите модели на диск с другой файловой системой, не FAT32.</translation>
    </message>
    <message>
        <source>The program is not allowed to use the network.</source>
        <translation>Программе не разрешено пользоваться сетью.</translation>
    </message>
    <message>
        <source>Allow it in the preferences, or import the files from a folder.</source>
        <translation>Разрешите это в настройках или импортируйте файлы из папки.</translation>
    </message>
    <message>
        <source>{file} can't be used: {reason}.</source>
        <translation>{file} нельзя использовать: {reason}.</translation>
    </message>
    <message>
        <source>The list of files in {folder} is damaged.</source>
        <translation>Список файлов в {folder} повреждён.</translation>
    </message>
    <message>
        <source>Fetch this model again: files that are whole are not fetched twice.</source>
        <translation>Получите эту модель заново: целые файлы не загружаются дважды.</translation>
    </message>
    <message>
        <source>There is no wildcard called “{name}”.</source>
        <translation>Нет набора вариантов «{name}».</translation>
    </message>
    <message>
        <source>Make a text file of that name in the folder of wildcards, one choice per line, or take it out.</source>
        <translation>Создайте текстовый файл с этим именем в папке наборов, по варианту в строке, или уберите имя из запроса.</translation>
    </message>
    <message>
        <source>The wildcard “{name}” leads back to itself.</source>
        <translation>Набор «{name}» ведёт сам к себе.</translation>
    </message>
    <message>
        <source>Take its name out of the files that it draws its lines from.</source>
        <translation>Уберите его имя из файлов, из которых он берёт строки.</translation>
    </message>
    <message>
        <source>The alternatives in the prompt name different layers.</source>
        <translation>Варианты в запросе называют разные слои.</translation>
    </message>
    <message>
        <source>Make one picture at a time, or name the layers outside of the braces.</source>
        <translation>Создавайте по одной картине или назовите слои вне фигурных скобок.</translation>
    </message>
    <message>
        <source>{file} holds no styles that can be read.</source>
        <translation>В файле {file} нет стилей, которые можно прочитать.</translation>
    </message>
    <message>
        <source>Choose a file that was exported from here.</source>
        <translation>Выберите файл, выгруженный из этой программы.</translation>
    </message>
    <message>
        <source>No video can be written on this computer.</source>
        <translation>На этом компьютере нельзя записать видео.</translation>
    </message>
    <message>
        <source>Write a WebP or the single frames; both hold every colour.</source>
        <translation>Запишите WebP или отдельные кадры: в них сохранятся все цвета.</translation>
    </message>
    <message>
        <source>What waits in the queue is lost if the program ends: {folder} takes nothing.</source>
        <translation>Если программа завершится, ожидающее в очереди пропадёт: в {folder} ничего нельзя записать.</translation>
    </message>
    <message>
        <source>Make room on this disk; what is put into the queue from then on is kept.</source>
        <translation>Освободите место на этом диске; всё, что попадёт в очередь после этого, сохранится.</translation>
    </message>
    <message>
        <source>A job of the queue can't be read; it was put aside as {file}.</source>
        <translation>Задание из очереди не читается; оно отложено как {file}.</translation>
    </message>
    <message>
        <source>The others are there. Ask for this picture again.</source>
        <translation>Остальные на месте. Закажите эту картину заново.</translation>
    </message>
    <message>
        <source>{file} can&apos;t be read as a style.</source>
        <translation>{file} не читается как стиль.</translation>
    </message>
    <message>
        <source>A style is made of {minimum} to {maximum} pictures.</source>
        <translation>Стиль делают из {minimum}–{maximum} картин.</translation>
    </message>
    <message>
        <source>Choose pictures that have nothing in common but their style.</source>
        <translation>Выберите картины, у которых нет ничего общего, кроме стиля.</translation>
    </message>
    <message>
        <source>The runtime pack can't be used.</source>
        <translation>Пакет вычислений использовать нельзя.</translation>
    </message>
    <message>
        <source>Install it again, or use the one that comes with the program.</source>
        <translation>Установите его заново или пользуйтесь тем, что входит в программу.</translation>
    </message>
    <message>
        <source>There is no runtime pack called “{name}” on this computer.</source>
        <translation>Пакета вычислений «{name}» на этом компьютере нет.</translation>
    </message>
    <message>
        <source>Look at the list of runtime packs, or install it from a file.</source>
        <translation>Посмотрите список пакетов или установите его из файла.</translation>
    </message>
    <message>
        <source>The runtime pack “{name}” is damaged: {file} is missing or not whole.</source>
        <translation>Пакет вычислений «{name}» повреждён: файл {file} отсутствует или неполон.</translation>
    </message>
    <message>
        <source>Install the pack again; until then the one of the program is used.</source>
        <translation>Установите пакет заново; до тех пор используется пакет программы.</translation>
    </message>
    <message>
        <source>The runtime pack “{name}” is for {platform}, and this is {here}.</source>
        <translation>Пакет вычислений «{name}» сделан для {platform}, а здесь {here}.</translation>
    </message>
    <message>
        <source>Get the pack for {here}; until then the one of the program is used.</source>
        <translation>Возьмите пакет для {here}; до тех пор используется пакет программы.</translation>
    </message>
    <message>
        <source>The runtime pack “{name}” does not go with this version of the program: it has {has}, not {wants}.</source>
        <translation>Пакет вычислений «{name}» не подходит этой версии программы: в нём {has}, а не {wants}.</translation>
    </message>
    <message>
        <source>Get the pack that was published with this version; until then the one of the program is used.</source>
        <translation>Возьмите пакет, выпущенный с этой версией; до тех пор используется пакет программы.</translation>
    </message>
    <message>
        <source>{file} is not a runtime pack that can be installed.</source>
        <translation>{file} — не пакет вычислений, который можно установить.</translation>
    </message>
    <message>
        <source>Choose the .zip file of a pack, or the first of its parts, .zip.001.</source>
        <translation>Выберите файл пакета .zip или первую из его частей, .zip.001.</translation>
    </message>
    <message>
        <source>{file} is not whole, or one of its parts is missing.</source>
        <translation>Файл {file} неполон, или не хватает одной из его частей.</translation>
    </message>
    <message>
        <source>Put all parts into one folder, and get those again whose size differs.</source>
        <translation>Положите все части в одну папку и скачайте заново те, чей размер отличается.</translation>
    </message>
    <message>
        <source>What the pack holds as {file} is not what it should be.</source>
        <translation>Содержимое файла {file} в пакете — не то, каким должно быть.</translation>
    </message>
    <message>
        <source>Get the file of the pack again; nothing of it was installed.</source>
        <translation>Скачайте файл пакета заново; из этого ничего не установлено.</translation>
    </message>
    <message>
        <source>{folder} has {free} left, and the runtime pack needs {needed}.</source>
        <translation>В {folder} осталось {free}, а пакету вычислений нужно {needed}.</translation>
    </message>
    <message>
        <source>Make room on this disk, then install it again; nothing was changed.</source>
        <translation>Освободите место на этом диске и установите пакет заново; ничего не изменилось.</translation>
    </message>
    <message>
        <source>{folder} lies too deep for the runtime pack “{name}”: Windows opens no file whose path is longer than {longest} characters.</source>
        <translation>Папка {folder} лежит слишком глубоко для пакета вычислений «{name}»: Windows не открывает файлы, путь к которым длиннее {longest} знаков.</translation>
    </message>
    <message>
        <source>Have Windows allow long paths, or use the portable program in a folder near the top of a disk.</source>
        <translation>Разрешите в Windows длинные пути или запускайте переносную программу из папки ближе к корню диска.</translation>
    </message>
    <message>
        <source>The runtime pack “{name}” does not work on this computer: {reason}.</source>
        <translation>Пакет вычислений «{name}» на этом компьютере не работает: {reason}.</translation>
    </message>
    <message>
        <source>The program goes on with what it used before; the pack can be removed.</source>
        <translation>Программа остаётся с тем, чем пользовалась раньше; пакет можно удалить.</translation>
    </message>
    <message>
        <source>The runtime pack “{name}” is in use.</source>
        <translation>Пакет вычислений «{name}» сейчас используется.</translation>
    </message>
    <message>
        <source>Choose another one, start the program again, and then change this one.</source>
        <translation>Выберите другой, запустите программу заново и тогда меняйте этот.</translation>
    </message>
    <message>
        <source>The runtime pack “{name}” came with the program.</source>
        <translation>Пакет вычислений «{name}» входит в программу.</translation>
    </message>
    <message>
        <source>It goes when the program is uninstalled, and it can't be replaced.</source>
        <translation>Он удаляется вместе с программой, и заменить его нельзя.</translation>
    </message>
    <message>
        <source>This build lists no runtime packs to download.</source>
        <translation>В этой сборке не указано пакетов вычислений для загрузки.</translation>
    </message>
    <message>
        <source>Install one from a file.</source>
        <translation>Установите пакет из файла.</translation>
    </message>
    <message>
        <source>The program runs from its source here and uses the PyTorch installed for it.</source>
        <translation>Программа запущена из исходного кода и пользуется установленным для неё PyTorch.</translation>
    </message>
    <message>
        <source>Install the build of PyTorch you want into the same Python environment.</source>
        <translation>Установите нужную сборку PyTorch в то же окружение Python.</translation>
    </message>
    <message>
        <source>PyTorch is missing, which every picture is made with.</source>
        <translation>Нет PyTorch, с помощью которого создаётся каждая картина.</translation>
    </message>
    <message>
        <source>Install Kandinsky Studio again, or install a runtime pack from a file.</source>
        <translation>Установите Kandinsky Studio заново или установите пакет вычислений из файла.</translation>
    </message>
    <message>
        <source>Kandinsky Studio is running, but has not answered for {seconds} s.</source>
        <translation>Kandinsky Studio запущена, но не отвечает уже {seconds} с.</translation>
    </message>
    <message>
        <source>Give it a moment. If its window stays as it is, end it and start again: what was painted comes back.</source>
        <translation>Подождите немного. Если окно так и не отзовётся, завершите программу и запустите снова: нарисованное вернётся.</translation>
    </message>
    <message>
        <source>Another version of Kandinsky Studio is running.</source>
        <translation>Запущена другая версия Kandinsky Studio.</translation>
    </message>
    <message>
        <source>Close its window, which is in front now, and start again.</source>
        <translation>Закройте её окно — оно сейчас на переднем плане — и запустите программу снова.</translation>
    </message>
    <message>
        <source>Kandinsky Studio is running on the computer {computer}, with the same library.</source>
        <translation>Kandinsky Studio запущена на компьютере {computer} с той же галереей.</translation>
    </message>
    <message>
        <source>Close it there. If it does not run there any more, delete {file}.</source>
        <translation>Закройте её там. Если там она больше не работает, удалите {file}.</translation>
    </message>
    <message>
        <source>Nothing can be written to {folder}, so settings and pictures are kept on this computer.</source>
        <translation>В {folder} ничего нельзя записать, поэтому настройки и картинки хранятся на этом компьютере.</translation>
    </message>
    <message>
        <source>Allow writing to it and start again, or delete it.</source>
        <translation>Разрешите запись туда и запустите программу снова или удалите эту папку.</translation>
    </message>
    <message>
        <source>This copy of Kandinsky Studio names no place that tells of new versions.</source>
        <translation>В этой копии Kandinsky Studio не указано, где узнавать о новых версиях.</translation>
    </message>
    <message>
        <source>Fill in the address that you were given, or ask whoever gave you the program.</source>
        <translation>Впишите адрес, который вам дали, или спросите того, от кого получили программу.</translation>
    </message>
    <message>
        <source>{host} could not be asked for new versions.</source>
        <translation>Не удалось узнать у {host} о новых версиях.</translation>
    </message>
    <message>
        <source>See whether this computer is online and the address is right, or try again later.</source>
        <translation>Проверьте, есть ли сеть и верен ли адрес, или попробуйте позже.</translation>
    </message>
    <message>
        <source>What {host} sent does not tell of versions of Kandinsky Studio.</source>
        <translation>То, что прислал {host}, не рассказывает о версиях Kandinsky Studio.</translation>
    </message>
    <message>
        <source>See whether the address is right, and whether this network wants a login first.</source>
        <translation>Проверьте, верен ли адрес и не требует ли эта сеть сначала войти.</translation>
    </message>
    <message>
        <source>Your preferences were written by a newer version of Kandinsky Studio, so changes to them are not kept.</source>
        <translation>Ваши настройки записаны более новой версией Kandinsky Studio, поэтому их изменения не сохраняются.</translation>
    </message>
    <message>
        <source>Update the program, or close it and put one of the copies beside {file} in its place.</source>
        <translation>Обновите программу или закройте её и положите на место {file} одну из копий, которые лежат рядом.</translation>
    </message>
    <message>
        <source>The key store of this computer did not keep or give the token: {reason}.</source>
        <translation>Хранилище ключей этого компьютера не сохранило или не отдало токен: {reason}.</translation>
    </message>
    <message>
        <source>Unlock it and try again; until then the token lasts as long as the program runs.</source>
        <translation>Разблокируйте его и попробуйте снова; до тех пор токен действует, пока программа работает.</translation>
    </message>
</context>
<context>
    <name>QFileDialog</name>
    <message>
        <source>Look in:</source>
        <translation>Папка:</translation>
    </message>
    <message>
        <source>Files of type:</source>
        <translation>Тип файла:</translation>
    </message>
</context>
<context>
    <name>models</name>
    <message>
        <source>Built-in</source>
        <translation>Встроенная</translation>
    </message>
    <message>
        <source>Comes with the program and draws flat shapes in plain colours, at once and on any computer. It is there to try everything without a download.</source>
        <translation>Идёт вместе с программой и рисует плоские фигуры ровных цветов — сразу и на любом компьютере. Позволяет попробовать всё без загрузок.</translation>
    </message>
    <message>
        <source>The newest of the three and the one to begin with: detailed pictures, mixing, inpainting and depth. Reads English.</source>
        <translation>Самая новая из трёх, с неё и стоит начать: подробные картины, смешивание, дорисовка и глубина. Понимает английский.</translation>
    </message>
    <message>
        <source>Reads many languages, and the words guide the drawing itself, so they can be shown on the picture. Mixing and inpainting, but no depth.</source>
        <translation>Понимает много языков, и слова ведут само рисование, поэтому их можно показать на картине. Смешивание и дорисовка, но без глубины.</translation>
    </message>
    <message>
        <source>The first one, with two encoders that read many languages: looser, painterly pictures. Inpainting, but no mixing.</source>
        <translation>Самая первая, с двумя кодировщиками для многих языков: более свободные, живописные картины. Дорисовка есть, смешивания нет.</translation>
    </message>
    <message>
        <source>Sees how near the things in a picture are, for pictures that follow its depth. Draws nothing itself.</source>
        <translation>Видит, насколько близко предметы на картине, чтобы другие картины следовали её глубине. Сама не рисует.</translation>
    </message>
    <message>
        <source>Depth Anything V2, small</source>
        <translation>Depth Anything V2, малая</translation>
    </message>
    <message>
        <source>Pictures from words and from pictures</source>
        <translation>Картины по словам и по картинам</translation>
    </message>
    <message>
        <source>Mixing pictures</source>
        <translation>Смешивание картин</translation>
    </message>
    <message>
        <source>Filling and expanding</source>
        <translation>Заполнение и расширение</translation>
    </message>
    <message>
        <source>Following a depth map</source>
        <translation>Следование карте глубины</translation>
    </message>
    <message>
        <source>Estimating depth</source>
        <translation>Оценка глубины</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} с</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} мин</translation>
    </message>
    <message>
        <source>{count} h</source>
        <translation>{count} ч</translation>
    </message>
</context>
<context>
    <name>preferences</name>
    <message>
        <source>Language</source>
        <translation>Язык</translation>
    </message>
    <message>
        <source>The language of menus and messages; it changes nothing about prompts.</source>
        <translation>Язык меню и сообщений; на запросы он не влияет.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Тема</translation>
    </message>
    <message>
        <source>Light or dark; “system” follows your desktop.</source>
        <translation>Светлая или тёмная; «как в системе» следует за рабочим столом.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Модель</translation>
    </message>
    <message>
        <source>The model that is chosen when the program starts.</source>
        <translation>Модель, выбранная при запуске программы.</translation>
    </message>
    <message>
        <source>Quality of JPEG and WebP</source>
        <translation>Качество JPEG и WebP</translation>
    </message>
    <message>
        <source>Higher keeps more detail and makes larger files.</source>
        <translation>Чем выше, тем больше деталей и крупнее файлы.</translation>
    </message>
    <message>
        <source>Size of the text</source>
        <translation>Размер текста</translation>
    </message>
    <message>
        <source>In percent of the text on your desktop; icons and buttons follow.</source>
        <translation>В процентах от размера текста на рабочем столе; значки и кнопки меняются вместе с ним.</translation>
    </message>
    <message>
        <source>Downloads</source>
        <translation>Загрузки</translation>
    </message>
    <message>
        <source>Address for downloads</source>
        <translation>Адрес для загрузок</translation>
    </message>
    <message>
        <source>A mirror of the Hugging Face Hub; empty for the Hub itself.</source>
        <translation>Зеркало Hugging Face Hub; пусто — сам Hub.</translation>
    </message>
    <message>
        <source>Proxy</source>
        <translation>Прокси</translation>
    </message>
    <message>
        <source>Such as http://name:password@host:port or socks5://host:port; empty for the system's.</source>
        <translation>Например, http://имя:пароль@хост:порт или socks5://хост:порт; пусто — как в системе.</translation>
    </message>
    <message>
        <source>Whether models, and news of new versions, may be fetched when you ask for them; nothing else ever is.</source>
        <translation>Можно ли по вашей просьбе загружать модели и известия о новых версиях; ничего другого программа не загружает.</translation>
    </message>
</context>
<context>
    <name>ColourPair</name>
    <message>
        <source>Foreground</source>
        <translation>Основной цвет</translation>
    </message>
    <message>
        <source>Background</source>
        <translation>Фоновый цвет</translation>
    </message>
    <message>
        <source>Swap the colours</source>
        <translation>Поменять цвета местами</translation>
    </message>
    <message>
        <source>Black on white</source>
        <translation>Чёрный на белом</translation>
    </message>
</context>
<context>
    <name>ColourPicker</name>
    <message>
        <source>Hue</source>
        <translation>Тон</translation>
    </message>
    <message>
        <source>Saturation</source>
        <translation>Насыщенность</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Яркость</translation>
    </message>
    <message>
        <source>Red</source>
        <translation>Красный</translation>
    </message>
    <message>
        <source>Green</source>
        <translation>Зелёный</translation>
    </message>
    <message>
        <source>Blue</source>
        <translation>Синий</translation>
    </message>
    <message>
        <source>Colour wheel</source>
        <translation>Цветовой круг</translation>
    </message>
    <message>
        <source>Hex</source>
        <translation>Код</translation>
    </message>
    <message>
        <source>Colour in hexadecimal digits</source>
        <translation>Цвет в шестнадцатеричной записи</translation>
    </message>
    <message>
        <source>Used lately</source>
        <translation>Недавние</translation>
    </message>
</context>
<context>
    <name>tools</name>
    <message>
        <source>Mode</source>
        <translation>Режим</translation>
    </message>
    <message>
        <source>New selection</source>
        <translation>Новое выделение</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Добавить</translation>
    </message>
    <message>
        <source>Subtract</source>
        <translation>Вычесть</translation>
    </message>
    <message>
        <source>Intersect</source>
        <translation>Пересечь</translation>
    </message>
    <message>
        <source>Feather</source>
        <translation>Растушёвка</translation>
    </message>
    <message>
        <source>Smooth edges</source>
        <translation>Сглаживать края</translation>
    </message>
    <message>
        <source>Proportion</source>
        <translation>Пропорции</translation>
    </message>
    <message>
        <source>Free</source>
        <translation>Свободно</translation>
    </message>
    <message>
        <source>Fixed ratio</source>
        <translation>Заданное соотношение</translation>
    </message>
    <message>
        <source>Fixed size</source>
        <translation>Заданный размер</translation>
    </message>
    <message>
        <source>Fixed width</source>
        <translation>Заданная ширина</translation>
    </message>
    <message>
        <source>Fixed height</source>
        <translation>Заданная высота</translation>
    </message>
    <message>
        <source>Rectangular selection</source>
        <translation>Прямоугольное выделение</translation>
    </message>
    <message>
        <source>Before the press: Shift adds, Alt subtracts, both intersect. After it: Shift square, Alt centred.</source>
        <translation>До нажатия: Shift добавляет, Alt вычитает, вместе — пересечение. После: Shift — квадрат, Alt — от центра.</translation>
    </message>
    <message>
        <source>Elliptical selection</source>
        <translation>Овальное выделение</translation>
    </message>
    <message>
        <source>Before the press: Shift adds, Alt subtracts, both intersect. After it: Shift circle, Alt centred.</source>
        <translation>До нажатия: Shift добавляет, Alt вычитает, вместе — пересечение. После: Shift — круг, Alt — от центра.</translation>
    </message>
    <message>
        <source>Lasso</source>
        <translation>Лассо</translation>
    </message>
    <message>
        <source>Draw around what you want. Shift adds, Alt subtracts, both intersect.</source>
        <translation>Обведите нужное. Shift добавляет, Alt вычитает, вместе — пересечение.</translation>
    </message>
    <message>
        <source>Polygonal selection</source>
        <translation>Многоугольное выделение</translation>
    </message>
    <message>
        <source>Click corners; Enter or a double click closes, Backspace takes the last one back, Esc drops all.</source>
        <translation>Щёлкайте по углам; Enter или двойной щелчок замыкает, Backspace убирает последний, Esc отменяет всё.</translation>
    </message>
    <message>
        <source>Look at</source>
        <translation>Учитывать</translation>
    </message>
    <message>
        <source>Active layer</source>
        <translation>Активный слой</translation>
    </message>
    <message>
        <source>All layers</source>
        <translation>Все слои</translation>
    </message>
    <message>
        <source>Magic wand</source>
        <translation>Волшебная палочка</translation>
    </message>
    <message>
        <source>Click an area of one colour. Shift adds, Alt subtracts, both intersect.</source>
        <translation>Щёлкните по области одного цвета. Shift добавляет, Alt вычитает, вместе — пересечение.</translation>
    </message>
    <message>
        <source>Tolerance</source>
        <translation>Допуск</translation>
    </message>
    <message>
        <source>Contiguous</source>
        <translation>Смежные пиксели</translation>
    </message>
    <message>
        <source>Grow</source>
        <translation>Расширить</translation>
    </message>
    <message>
        <source>Colour range</source>
        <translation>Цветовой диапазон</translation>
    </message>
    <message>
        <source>Click a colour. Shift adds another one, Alt takes one away, both intersect.</source>
        <translation>Щёлкните по цвету. Shift добавляет ещё один, Alt убирает, вместе — пересечение.</translation>
    </message>
    <message>
        <source>Fuzziness</source>
        <translation>Размытость</translation>
    </message>
    <message>
        <source>Hand</source>
        <translation>Рука</translation>
    </message>
    <message>
        <source>Drag the picture. The space bar does the same with any tool in hand.</source>
        <translation>Тащите картину. Пробел делает то же с любым инструментом.</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Масштаб</translation>
    </message>
    <message>
        <source>Click to see it larger, Alt+click smaller; drag right or left for any size.</source>
        <translation>Щелчок увеличивает, Alt+щелчок уменьшает; тяните вправо или влево для любого масштаба.</translation>
    </message>
    <message>
        <source>Click zooms out</source>
        <translation>Щелчок уменьшает</translation>
    </message>
    <message>
        <source>Rotate view</source>
        <translation>Поворот вида</translation>
    </message>
    <message>
        <source>Drag around the middle; Shift keeps to steps of 15°. The picture stays as it is.</source>
        <translation>Тяните вокруг середины; Shift — шагами по 15°. Сама картина не меняется.</translation>
    </message>
    <message>
        <source>Upright</source>
        <translation>Прямо</translation>
    </message>
    <message>
        <source>Brush</source>
        <translation>Кисть</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Размер</translation>
    </message>
    <message>
        <source>Hardness</source>
        <translation>Жёсткость</translation>
    </message>
    <message>
        <source>Opacity</source>
        <translation>Непрозрачность</translation>
    </message>
    <message>
        <source>Flow</source>
        <translation>Подача краски</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>Сглаживание</translation>
    </message>
    <message>
        <source>Spacing</source>
        <translation>Интервал</translation>
    </message>
    <message>
        <source>Roundness</source>
        <translation>Округлость</translation>
    </message>
    <message>
        <source>Angle</source>
        <translation>Угол</translation>
    </message>
    <message>
        <source>Pressure changes the size</source>
        <translation>Нажим меняет размер</translation>
    </message>
    <message>
        <source>Pressure changes the opacity</source>
        <translation>Нажим меняет непрозрачность</translation>
    </message>
    <message>
        <source>Pressure changes the flow</source>
        <translation>Нажим меняет подачу краски</translation>
    </message>
    <message>
        <source>Pressure curve</source>
        <translation>Кривая нажима</translation>
    </message>
    <message>
        <source>Tilt flattens the brush</source>
        <translation>Наклон сплющивает кисть</translation>
    </message>
    <message>
        <source>Drag to paint; Shift and a click draw a straight line from where you left off.</source>
        <translation>Ведите, чтобы рисовать; Shift и щелчок проводят прямую от конца прошлого мазка.</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Перемещение</translation>
    </message>
    <message>
        <source>Shift moves straight, Ctrl without snapping; the arrow keys by 1 pixel, with Shift by 10.</source>
        <translation>Shift — строго по прямой, Ctrl — без прилипания; стрелки сдвигают на 1 пиксель, с Shift на 10.</translation>
    </message>
    <message>
        <source>Choose the layer under the pointer</source>
        <translation>Брать слой под указателем</translation>
    </message>
    <message>
        <source>Snap to the canvas</source>
        <translation>Прилипать к холсту</translation>
    </message>
    <message>
        <source>Transform</source>
        <translation>Трансформация</translation>
    </message>
    <message>
        <source>Shift keeps proportions or steps of 15°, Alt the middle; Ctrl pulls corners and sides. Enter applies.</source>
        <translation>Shift — пропорции или шаги по 15°, Alt — от центра; Ctrl тянет углы и стороны. Enter применяет.</translation>
    </message>
    <message>
        <source>X</source>
        <translation>X</translation>
    </message>
    <message>
        <source>Y</source>
        <translation>Y</translation>
    </message>
    <message>
        <source>Width</source>
        <translation>Ширина</translation>
    </message>
    <message>
        <source>Height</source>
        <translation>Высота</translation>
    </message>
    <message>
        <source>Keep proportions</source>
        <translation>Сохранять пропорции</translation>
    </message>
    <message>
        <source>Flip horizontally</source>
        <translation>Отразить по горизонтали</translation>
    </message>
    <message>
        <source>Flip vertically</source>
        <translation>Отразить по вертикали</translation>
    </message>
    <message>
        <source>Turn left</source>
        <translation>Повернуть влево</translation>
    </message>
    <message>
        <source>Turn right</source>
        <translation>Повернуть вправо</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Что</translation>
    </message>
    <message>
        <source>Layer or what is selected</source>
        <translation>Слой или выделенное</translation>
    </message>
    <message>
        <source>Layer mask</source>
        <translation>Маска слоя</translation>
    </message>
    <message>
        <source>Outline of the selection</source>
        <translation>Контур выделения</translation>
    </message>
    <message>
        <source>Smooth pixels</source>
        <translation>Сглаживать пиксели</translation>
    </message>
    <message>
        <source>Crop</source>
        <translation>Кадрирование</translation>
    </message>
    <message>
        <source>Drag a frame, also beyond the canvas. Shift keeps the ratio, Alt the middle. Enter applies, Esc drops.</source>
        <translation>Растяните рамку, можно и за холст. Shift — пропорции, Alt — от центра. Enter применяет, Esc отменяет.</translation>
    </message>
    <message>
        <source>Ratio</source>
        <translation>Соотношение</translation>
    </message>
    <message>
        <source>As the canvas</source>
        <translation>Как у холста</translation>
    </message>
    <message>
        <source>Rule of thirds</source>
        <translation>Правило третей</translation>
    </message>
    <message>
        <source>Delete what is cut off</source>
        <translation>Удалить отрезанное</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>Ластик</translation>
    </message>
    <message>
        <source>Drag to erase; Shift and a click erase along a straight line.</source>
        <translation>Ведите, чтобы стирать; Shift и щелчок стирают по прямой.</translation>
    </message>
    <message>
        <source>Pencil</source>
        <translation>Карандаш</translation>
    </message>
    <message>
        <source>Mask brush</source>
        <translation>Кисть маски</translation>
    </message>
    <message>
        <source>Drag over what is to be painted anew; Shift and a click draw a straight line.</source>
        <translation>Закрасьте то, что нужно нарисовать заново; Shift и щелчок проводят прямую.</translation>
    </message>
    <message>
        <source>Mask eraser</source>
        <translation>Ластик маски</translation>
    </message>
    <message>
        <source>Drag over what is to stay; Shift and a click erase along a straight line.</source>
        <translation>Сотрите маску там, где картина должна остаться; Shift и щелчок стирают по прямой.</translation>
    </message>
    <message>
        <source>Smudge</source>
        <translation>Растушёвка</translation>
    </message>
    <message>
        <source>Drag to smear the colours that are there.</source>
        <translation>Ведите, чтобы размазать краски, которые уже есть.</translation>
    </message>
    <message>
        <source>Strength</source>
        <translation>Сила</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>Заливка</translation>
    </message>
    <message>
        <source>Click an area of one colour to fill it.</source>
        <translation>Щёлкните по области одного цвета, чтобы залить её.</translation>
    </message>
    <message>
        <source>Gradient</source>
        <translation>Градиент</translation>
    </message>
    <message>
        <source>Drag from one end of the gradient to the other; Shift holds it to steps of 15°.</source>
        <translation>Ведите от одного конца градиента к другому; Shift поворачивает его шагами по 15°.</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>Форма</translation>
    </message>
    <message>
        <source>Linear</source>
        <translation>Линейный</translation>
    </message>
    <message>
        <source>Radial</source>
        <translation>Круговой</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Цвета</translation>
    </message>
    <message>
        <source>Foreground to background</source>
        <translation>От основного цвета к фоновому</translation>
    </message>
    <message>
        <source>Foreground to transparent</source>
        <translation>От основного цвета к прозрачности</translation>
    </message>
    <message>
        <source>Reverse</source>
        <translation>Наоборот</translation>
    </message>
    <message>
        <source>Colour picker</source>
        <translation>Пипетка</translation>
    </message>
    <message>
        <source>Click a colour to take it; with Alt it becomes the background colour.</source>
        <translation>Щёлкните по цвету, чтобы взять его; с Alt он станет фоновым.</translation>
    </message>
    <message>
        <source>Sample size</source>
        <translation>Размер пробы</translation>
    </message>
    <message>
        <source>One pixel</source>
        <translation>Один пиксель</translation>
    </message>
    <message>
        <source>3 × 3 pixels</source>
        <translation>3 × 3 пикселя</translation>
    </message>
    <message>
        <source>5 × 5 pixels</source>
        <translation>5 × 5 пикселей</translation>
    </message>
    <message>
        <source>11 × 11 pixels</source>
        <translation>11 × 11 пикселей</translation>
    </message>
    <message>
        <source>31 × 31 pixels</source>
        <translation>31 × 31 пиксель</translation>
    </message>
    <message>
        <source>Nothing was painted: this is outside the selection.</source>
        <translation>Ничего не нарисовано: здесь нет выделения.</translation>
    </message>
    <message>
        <source>Generation frame</source>
        <translation>Рамка генерации</translation>
    </message>
    <message>
        <source>Whole canvas</source>
        <translation>Весь холст</translation>
    </message>
    <message>
        <source>Drag what is generated. Shift keeps the ratio, Alt the middle, Ctrl leaves the grid; a double click takes it all.</source>
        <translation>Растяните рамку генерации. Shift — пропорции, Alt — от середины, Ctrl — без сетки; двойной щелчок — весь холст.</translation>
    </message>
    <message>
        <source>Hard round</source>
        <translation>Жёсткая круглая</translation>
    </message>
    <message>
        <source>Soft round</source>
        <translation>Мягкая круглая</translation>
    </message>
    <message>
        <source>Ink</source>
        <translation>Тушь</translation>
    </message>
    <message>
        <source>Soft pencil</source>
        <translation>Мягкий карандаш</translation>
    </message>
    <message>
        <source>Airbrush</source>
        <translation>Аэрограф</translation>
    </message>
    <message>
        <source>Flat brush</source>
        <translation>Плоская кисть</translation>
    </message>
    <message>
        <source>Single pixels</source>
        <translation>По пикселю</translation>
    </message>
    <message>
        <source>Hard eraser</source>
        <translation>Жёсткий ластик</translation>
    </message>
    <message>
        <source>Soft eraser</source>
        <translation>Мягкий ластик</translation>
    </message>
</context>
<context>
    <name>layers</name>
    <message>
        <source>Layer</source>
        <translation>Слой</translation>
    </message>
    <message>
        <source>Group</source>
        <translation>Группа</translation>
    </message>
    <message>
        <source>Inpaint mask</source>
        <translation>Маска дорисовки</translation>
    </message>
    <message>
        <source>Depth</source>
        <translation>Глубина</translation>
    </message>
    <message>
        <source>Pasted layer</source>
        <translation>Вставленный слой</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Обычный</translation>
    </message>
    <message>
        <source>Multiply</source>
        <translation>Умножение</translation>
    </message>
    <message>
        <source>Darken</source>
        <translation>Затемнение</translation>
    </message>
    <message>
        <source>Colour burn</source>
        <translation>Затемнение основы</translation>
    </message>
    <message>
        <source>Linear burn</source>
        <translation>Линейный затемнитель</translation>
    </message>
    <message>
        <source>Darker colour</source>
        <translation>Темнее</translation>
    </message>
    <message>
        <source>Screen</source>
        <translation>Экран</translation>
    </message>
    <message>
        <source>Lighten</source>
        <translation>Замена светлым</translation>
    </message>
    <message>
        <source>Colour dodge</source>
        <translation>Осветление основы</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Сложение</translation>
    </message>
    <message>
        <source>Lighter colour</source>
        <translation>Светлее</translation>
    </message>
    <message>
        <source>Overlay</source>
        <translation>Перекрытие</translation>
    </message>
    <message>
        <source>Soft light</source>
        <translation>Мягкий свет</translation>
    </message>
    <message>
        <source>Hard light</source>
        <translation>Жёсткий свет</translation>
    </message>
    <message>
        <source>Vivid light</source>
        <translation>Яркий свет</translation>
    </message>
    <message>
        <source>Linear light</source>
        <translation>Линейный свет</translation>
    </message>
    <message>
        <source>Pin light</source>
        <translation>Точечный свет</translation>
    </message>
    <message>
        <source>Hard mix</source>
        <translation>Жёсткое смешение</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Разница</translation>
    </message>
    <message>
        <source>Exclusion</source>
        <translation>Исключение</translation>
    </message>
    <message>
        <source>Subtract</source>
        <translation>Вычитание</translation>
    </message>
    <message>
        <source>Divide</source>
        <translation>Деление</translation>
    </message>
    <message>
        <source>Hue</source>
        <translation>Цветовой тон</translation>
    </message>
    <message>
        <source>Saturation</source>
        <translation>Насыщенность</translation>
    </message>
    <message>
        <source>Colour</source>
        <translation>Цветность</translation>
    </message>
    <message>
        <source>Luminosity</source>
        <translation>Яркость</translation>
    </message>
    <message>
        <source>Only on what is below</source>
        <translation>Только поверх того, что ниже</translation>
    </message>
    <message>
        <source>Keep only what is under it</source>
        <translation>Оставить только то, что под ним</translation>
    </message>
    <message>
        <source>Erase what is below</source>
        <translation>Стереть то, что ниже</translation>
    </message>
    <message>
        <source>Under what is below, keep only that</source>
        <translation>Под тем, что ниже, остальное убрать</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Нет</translation>
    </message>
    <message>
        <source>Red</source>
        <translation>Красная</translation>
    </message>
    <message>
        <source>Orange</source>
        <translation>Оранжевая</translation>
    </message>
    <message>
        <source>Yellow</source>
        <translation>Жёлтая</translation>
    </message>
    <message>
        <source>Green</source>
        <translation>Зелёная</translation>
    </message>
    <message>
        <source>Blue</source>
        <translation>Синяя</translation>
    </message>
    <message>
        <source>Violet</source>
        <translation>Фиолетовая</translation>
    </message>
    <message>
        <source>Grey</source>
        <translation>Серая</translation>
    </message>
</context>
<context>
    <name>steps</name>
    <message>
        <source>Add layer mask</source>
        <translation>Добавление маски слоя</translation>
    </message>
    <message>
        <source>Add layer</source>
        <translation>Новый слой</translation>
    </message>
    <message>
        <source>Apply layer mask</source>
        <translation>Применение маски слоя</translation>
    </message>
    <message>
        <source>Blend mode</source>
        <translation>Режим наложения</translation>
    </message>
    <message>
        <source>Canvas size</source>
        <translation>Размер холста</translation>
    </message>
    <message>
        <source>Clear inpaint mask</source>
        <translation>Очистка маски дорисовки</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Очистка</translation>
    </message>
    <message>
        <source>Colour label</source>
        <translation>Цветная метка</translation>
    </message>
    <message>
        <source>Crop</source>
        <translation>Кадрирование</translation>
    </message>
    <message>
        <source>Cut</source>
        <translation>Вырезание</translation>
    </message>
    <message>
        <source>Depth</source>
        <translation>Глубина</translation>
    </message>
    <message>
        <source>Deselect</source>
        <translation>Снятие выделения</translation>
    </message>
    <message>
        <source>Duplicate layer</source>
        <translation>Копия слоя</translation>
    </message>
    <message>
        <source>Feather inpaint mask</source>
        <translation>Растушёвка маски дорисовки</translation>
    </message>
    <message>
        <source>Feather selection</source>
        <translation>Растушёвка выделения</translation>
    </message>
    <message>
        <source>Fill inpaint mask</source>
        <translation>Заливка маски дорисовки</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>Заливка</translation>
    </message>
    <message>
        <source>Flatten image</source>
        <translation>Сведение изображения</translation>
    </message>
    <message>
        <source>Flip image</source>
        <translation>Отражение изображения</translation>
    </message>
    <message>
        <source>Flip layer</source>
        <translation>Отражение слоя</translation>
    </message>
    <message>
        <source>Group layers</source>
        <translation>Группировка слоёв</translation>
    </message>
    <message>
        <source>Grow inpaint mask</source>
        <translation>Расширение маски дорисовки</translation>
    </message>
    <message>
        <source>Grow selection</source>
        <translation>Расширение выделения</translation>
    </message>
    <message>
        <source>Image size</source>
        <translation>Размер изображения</translation>
    </message>
    <message>
        <source>Import inpaint mask</source>
        <translation>Маска дорисовки из файла</translation>
    </message>
    <message>
        <source>Inpaint mask from colour</source>
        <translation>Маска дорисовки по цвету</translation>
    </message>
    <message>
        <source>Inpaint mask from layer</source>
        <translation>Маска дорисовки из слоя</translation>
    </message>
    <message>
        <source>Inpaint mask from selection</source>
        <translation>Маска дорисовки из выделения</translation>
    </message>
    <message>
        <source>Invert inpaint mask</source>
        <translation>Обращение маски дорисовки</translation>
    </message>
    <message>
        <source>Invert selection</source>
        <translation>Обращение выделения</translation>
    </message>
    <message>
        <source>Layer mask on or off</source>
        <translation>Включение маски слоя</translation>
    </message>
    <message>
        <source>Layer opacity</source>
        <translation>Непрозрачность слоя</translation>
    </message>
    <message>
        <source>Layer’s request</source>
        <translation>Запрос слоя</translation>
    </message>
    <message>
        <source>Lock or unlock layer</source>
        <translation>Блокировка слоя</translation>
    </message>
    <message>
        <source>Lock transparent pixels</source>
        <translation>Блокировка прозрачных пикселей</translation>
    </message>
    <message>
        <source>Merge down</source>
        <translation>Слияние с нижним слоем</translation>
    </message>
    <message>
        <source>Merge group</source>
        <translation>Слияние группы</translation>
    </message>
    <message>
        <source>Merge visible layers</source>
        <translation>Слияние видимых слоёв</translation>
    </message>
    <message>
        <source>Move layer in the list</source>
        <translation>Перемещение слоя в списке</translation>
    </message>
    <message>
        <source>Pass through</source>
        <translation>Сквозная группа</translation>
    </message>
    <message>
        <source>Paste</source>
        <translation>Вставка</translation>
    </message>
    <message>
        <source>Remove layer mask</source>
        <translation>Удаление маски слоя</translation>
    </message>
    <message>
        <source>Remove layer</source>
        <translation>Удаление слоя</translation>
    </message>
    <message>
        <source>Rename layer</source>
        <translation>Переименование слоя</translation>
    </message>
    <message>
        <source>Reselect</source>
        <translation>Повторное выделение</translation>
    </message>
    <message>
        <source>Rotate image</source>
        <translation>Поворот изображения</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>Выделение всего</translation>
    </message>
    <message>
        <source>Selection from inpaint mask</source>
        <translation>Выделение из маски дорисовки</translation>
    </message>
    <message>
        <source>Selection from layer</source>
        <translation>Выделение из слоя</translation>
    </message>
    <message>
        <source>Show or hide layer</source>
        <translation>Показ слоя</translation>
    </message>
    <message>
        <source>Shrink selection</source>
        <translation>Сжатие выделения</translation>
    </message>
    <message>
        <source>Ungroup layers</source>
        <translation>Разгруппировка слоёв</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Перемещение</translation>
    </message>
    <message>
        <source>Transform</source>
        <translation>Трансформация</translation>
    </message>
    <message>
        <source>Move the selection</source>
        <translation>Сдвиг выделения</translation>
    </message>
    <message>
        <source>Select a rectangle</source>
        <translation>Выделение прямоугольника</translation>
    </message>
    <message>
        <source>Select an ellipse</source>
        <translation>Выделение овала</translation>
    </message>
    <message>
        <source>Select by lasso</source>
        <translation>Выделение лассо</translation>
    </message>
    <message>
        <source>Select a polygon</source>
        <translation>Выделение многоугольника</translation>
    </message>
    <message>
        <source>Select by wand</source>
        <translation>Выделение палочкой</translation>
    </message>
    <message>
        <source>Select a colour range</source>
        <translation>Выделение по цвету</translation>
    </message>
    <message>
        <source>Brush stroke</source>
        <translation>Мазок кистью</translation>
    </message>
    <message>
        <source>Eraser stroke</source>
        <translation>Мазок ластиком</translation>
    </message>
    <message>
        <source>Pencil stroke</source>
        <translation>Штрих карандашом</translation>
    </message>
    <message>
        <source>Mask stroke</source>
        <translation>Мазок по маске</translation>
    </message>
    <message>
        <source>Mask eraser stroke</source>
        <translation>Стирание маски</translation>
    </message>
    <message>
        <source>Smudge stroke</source>
        <translation>Растушёвка</translation>
    </message>
    <message>
        <source>Gradient</source>
        <translation>Градиент</translation>
    </message>
    <message>
        <source>Generation frame</source>
        <translation>Рамка генерации</translation>
    </message>
    <message>
        <source>Keep candidate</source>
        <translation>Оставить вариант</translation>
    </message>
    <message>
        <source>Show one layer alone</source>
        <translation>Показать один слой</translation>
    </message>
    <message>
        <source>Show all layers</source>
        <translation>Показать все слои</translation>
    </message>
    <message>
        <source>Estimate depth</source>
        <translation>Оценить глубину</translation>
    </message>
    <message>
        <source>Depth from layer</source>
        <translation>Глубина по слою</translation>
    </message>
    <message>
        <source>Invert depth</source>
        <translation>Обратить глубину</translation>
    </message>
    <message>
        <source>Adjust depth</source>
        <translation>Настроить глубину</translation>
    </message>
    <message>
        <source>Import depth</source>
        <translation>Импортировать глубину</translation>
    </message>
</context>
<context>
    <name>TabletTester</name>
    <message>
        <source>Test the tablet</source>
        <translation>Проверка планшета</translation>
    </message>
    <message>
        <source>Draw on the sheet, lightly and firmly, and turn the pen over. A pen that presses draws thick.</source>
        <translation>Порисуйте на листе, слабо и сильно, переверните перо. Чем сильнее нажим, тем толще линия.</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Устройство</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Конец пера</translation>
    </message>
    <message>
        <source>Pressure</source>
        <translation>Нажим</translation>
    </message>
    <message>
        <source>Tilt</source>
        <translation>Наклон</translation>
    </message>
    <message>
        <source>Events per second</source>
        <translation>Событий в секунду</translation>
    </message>
    <message>
        <source>Longest gap in a stroke</source>
        <translation>Самый долгий пропуск в штрихе</translation>
    </message>
    <message>
        <source>Pressure over time</source>
        <translation>Нажим со временем</translation>
    </message>
    <message>
        <source>Copy report</source>
        <translation>Скопировать отчёт</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Очистить</translation>
    </message>
    <message>
        <source>Different pressures: {count}</source>
        <translation>Разных значений нажима: {count}</translation>
    </message>
    <message>
        <source>Events: {count}</source>
        <translation>Событий: {count}</translation>
    </message>
    <message>
        <source>eraser</source>
        <translation>ластик</translation>
    </message>
    <message>
        <source>tip</source>
        <translation>остриё</translation>
    </message>
    <message>
        <source>Mouse</source>
        <translation>Мышь</translation>
    </message>
    <message>
        <source>none: a mouse</source>
        <translation>нет: это мышь</translation>
    </message>
    <message>
        <source>not told</source>
        <translation>не сообщается</translation>
    </message>
    <message>
        <source>{count} ms</source>
        <translation>{count} мс</translation>
    </message>
    <message>
        <source>Pen without a name</source>
        <translation>Перо без имени</translation>
    </message>
</context>
<context>
    <name>_Question</name>
    <message>
        <source>Apply</source>
        <translation>Применить</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Отмена</translation>
    </message>
</context>
<context>
    <name>_Sides</name>
    <message>
        <source>Width</source>
        <translation>Ширина</translation>
    </message>
    <message>
        <source>Height</source>
        <translation>Высота</translation>
    </message>
</context>
<context>
    <name>NumberDialog</name>
    <message>
        <source>By</source>
        <translation>На</translation>
    </message>
</context>
<context>
    <name>CanvasSizeDialog</name>
    <message>
        <source>Canvas size</source>
        <translation>Размер холста</translation>
    </message>
    <message>
        <source>What is there stays at</source>
        <translation>Где остаётся то, что есть</translation>
    </message>
    <message>
        <source>bottom</source>
        <translation>внизу</translation>
    </message>
    <message>
        <source>left</source>
        <translation>слева</translation>
    </message>
    <message>
        <source>lower left</source>
        <translation>слева внизу</translation>
    </message>
    <message>
        <source>lower right</source>
        <translation>справа внизу</translation>
    </message>
    <message>
        <source>middle</source>
        <translation>посередине</translation>
    </message>
    <message>
        <source>right</source>
        <translation>справа</translation>
    </message>
    <message>
        <source>top</source>
        <translation>вверху</translation>
    </message>
    <message>
        <source>upper left</source>
        <translation>слева вверху</translation>
    </message>
    <message>
        <source>upper right</source>
        <translation>справа вверху</translation>
    </message>
</context>
<context>
    <name>ImageSizeDialog</name>
    <message>
        <source>Bicubic, for most pictures</source>
        <translation>Бикубически — для большинства картин</translation>
    </message>
    <message>
        <source>Bilinear, softest</source>
        <translation>Билинейно — мягче всего</translation>
    </message>
    <message>
        <source>Image size</source>
        <translation>Размер изображения</translation>
    </message>
    <message>
        <source>Keep proportions</source>
        <translation>Сохранять пропорции</translation>
    </message>
    <message>
        <source>Lanczos, sharpest</source>
        <translation>Ланцош — резче всего</translation>
    </message>
    <message>
        <source>Nearest, for pixel art</source>
        <translation>Ближайший пиксель — для пиксельной графики</translation>
    </message>
    <message>
        <source>Resampling</source>
        <translation>Пересчёт</translation>
    </message>
</context>
<context>
    <name>ColoursPanel</name>
    <message>
        <source>Colour</source>
        <translation>Цвет</translation>
    </message>
    <message>
        <source>Colour of the ground</source>
        <translation>Цвет фона</translation>
    </message>
</context>
<context>
    <name>DocumentDeeds</name>
    <message>
        <source>Export the mask</source>
        <translation>Экспорт маски</translation>
    </message>
    <message>
        <source>Feather the selection</source>
        <translation>Растушевать выделение</translation>
    </message>
    <message>
        <source>Grow the selection</source>
        <translation>Расширить выделение</translation>
    </message>
    <message>
        <source>Import a mask</source>
        <translation>Импорт маски</translation>
    </message>
    <message>
        <source>Pictures (*.png)</source>
        <translation>Картины (*.png)</translation>
    </message>
    <message>
        <source>Shrink the selection</source>
        <translation>Сузить выделение</translation>
    </message>
</context>
<context>
    <name>Editor</name>
    <message>
        <source>Layer 1</source>
        <translation>Слой 1</translation>
    </message>
    <message>
        <source>{file} is written.</source>
        <translation>Файл {file} записан.</translation>
    </message>
</context>
<context>
    <name>documents</name>
    <message>
        <source>The colour profile in {file} can&apos;t be read; its colours are taken as sRGB.</source>
        <translation>Цветовой профиль в {file} не читается; цвета приняты за sRGB.</translation>
    </message>
    <message>
        <source>{file} has several pictures; this is the first.</source>
        <translation>В {file} несколько картин; это первая.</translation>
    </message>
    <message>
        <source>Layers of {file} that hold no pixels, such as adjustments and vectors, are left out.</source>
        <translation>Слои без пикселей в {file}, например корректирующие и векторные, пропущены.</translation>
    </message>
    <message>
        <source>{file} has blend modes that don&apos;t exist here; these layers may look different.</source>
        <translation>В {file} есть режимы наложения, которых здесь нет: эти слои могут выглядеть иначе.</translation>
    </message>
    <message>
        <source>Effects of layers of {file}, such as shadows, are left out.</source>
        <translation>Эффекты слоёв в {file}, например тени, пропущены.</translation>
    </message>
    <message>
        <source>Some layers of {file} became one, so that the picture stays the same.</source>
        <translation>Некоторые слои {file} объединены, чтобы изображение не изменилось.</translation>
    </message>
    <message>
        <source>{file} has no layers that can be read; this is its picture.</source>
        <translation>В {file} нет слоёв, которые можно прочитать; открыто само изображение.</translation>
    </message>
    <message>
        <source>The picture of {file} is whole; masks and selections in it can&apos;t be read.</source>
        <translation>Изображение в {file} цело, но маски и выделения прочитать не удалось.</translation>
    </message>
    <message>
        <source>{file} has more than eight bits a colour; here it has eight.</source>
        <translation>В {file} больше восьми бит на цвет; здесь их восемь.</translation>
    </message>
    <message>
        <source>{file} was written by a newer version of Kandinsky Studio. Its picture is whole; its masks and selections are not shown, and it is saved under another name.</source>
        <translation>{file} записан более новой версией Kandinsky Studio. Картинка цела, но маски и выделения не показаны, и сохраняется он под другим именем.</translation>
    </message>
</context>
<context>
    <name>LayersPanel</name>
    <message>
        <source>Blend mode</source>
        <translation>Режим наложения</translation>
    </message>
    <message>
        <source>Colour label</source>
        <translation>Цветная метка</translation>
    </message>
    <message>
        <source>Feather</source>
        <translation>Растушёвка</translation>
    </message>
    <message>
        <source>Grow</source>
        <translation>Расширение</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>Слои</translation>
    </message>
    <message>
        <source>Lock the layer</source>
        <translation>Запереть слой</translation>
    </message>
    <message>
        <source>Lock transparency: paint only where something is</source>
        <translation>Запереть прозрачность: рисовать только там, где что-то есть</translation>
    </message>
    <message>
        <source>Makes the mask larger or smaller; what is painted stays.</source>
        <translation>Делает маску больше или меньше; нарисованное остаётся.</translation>
    </message>
    <message>
        <source>Opacity</source>
        <translation>Непрозрачность</translation>
    </message>
    <message>
        <source>Open or begin a document to paint in layers.</source>
        <translation>Откройте или начните документ, чтобы рисовать слоями.</translation>
    </message>
    <message>
        <source>Softens the edge of the mask; what is painted stays.</source>
        <translation>Смягчает край маски; нарисованное остаётся.</translation>
    </message>
    <message>
        <source>Use the mask inverted</source>
        <translation>Применять маску наоборот</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>скрыт</translation>
    </message>
    <message>
        <source>locked</source>
        <translation>заперт</translation>
    </message>
</context>
<context>
    <name>NewDocumentDialog</name>
    <message>
        <source>Black</source>
        <translation>Чёрный</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Отмена</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>Создать</translation>
    </message>
    <message>
        <source>Ground</source>
        <translation>Фон</translation>
    </message>
    <message>
        <source>Height</source>
        <translation>Высота</translation>
    </message>
    <message>
        <source>New document</source>
        <translation>Новый документ</translation>
    </message>
    <message>
        <source>Other</source>
        <translation>Другой</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Размер</translation>
    </message>
    <message>
        <source>Transparent</source>
        <translation>Прозрачный</translation>
    </message>
    <message>
        <source>White</source>
        <translation>Белый</translation>
    </message>
    <message>
        <source>Width</source>
        <translation>Ширина</translation>
    </message>
    <message>
        <source>{size}, as in the clipboard</source>
        <translation>{size}, как в буфере обмена</translation>
    </message>
</context>
<context>
    <name>OptionBar</name>
    <message>
        <source>More settings of the tool</source>
        <translation>Другие настройки инструмента</translation>
    </message>
    <message>
        <source>Tool: {tool}</source>
        <translation>Инструмент: {tool}</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Заготовка</translation>
    </message>
    <message>
        <source>Own settings</source>
        <translation>Свои настройки</translation>
    </message>
    <message>
        <source>Brushes that are set up already</source>
        <translation>Готовые кисти</translation>
    </message>
</context>
<context>
    <name>Recovery</name>
    <message>
        <source>A document without a name</source>
        <translation>Документ без имени</translation>
    </message>
    <message>
        <source>{count} documents are back, as they were when the program ended: {documents}</source>
        <translation>Документы снова здесь ({count}), как были, когда программа завершилась: {documents}</translation>
    </message>
    <message>
        <source>{document} is back, as it was when the program ended.</source>
        <translation>{document}: документ снова здесь, как был, когда программа завершилась.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Попробовать снова</translation>
    </message>
    <message>
        <source>Throw it away</source>
        <translation>Выбросить</translation>
    </message>
</context>
<context>
    <name>Workbench</name>
    <message>
        <source>Unnamed {number}</source>
        <translation>Без имени {number}</translation>
    </message>
    <message>
        <source>Canvas</source>
        <translation>Холст</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>Документ</translation>
    </message>
    <message>
        <source>Open documents</source>
        <translation>Открытые документы</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Картины</translation>
    </message>
</context>
<context>
    <name>SheetDeeds</name>
    <message>
        <source>All files</source>
        <translation>Все файлы</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Отмена</translation>
    </message>
    <message>
        <source>Close without saving</source>
        <translation>Закрыть без сохранения</translation>
    </message>
    <message>
        <source>Documents and pictures</source>
        <translation>Документы и картины</translation>
    </message>
    <message>
        <source>Export the picture</source>
        <translation>Экспорт картины</translation>
    </message>
    <message>
        <source>Nothing yet</source>
        <translation>Пока ничего</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Открыть</translation>
    </message>
    <message>
        <source>Pasted</source>
        <translation>Вставлено</translation>
    </message>
    <message>
        <source>Save the document</source>
        <translation>Сохранить документ</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Сохранить</translation>
    </message>
    <message>
        <source>Without saving, what you changed is lost.</source>
        <translation>Без сохранения изменения пропадут.</translation>
    </message>
    <message>
        <source>{document} is not saved.</source>
        <translation>{document}: документ не сохранён.</translation>
    </message>
</context>
<context>
    <name>StepsPanel</name>
    <message>
        <source>Beginning</source>
        <translation>Начало</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Шаги</translation>
    </message>
    <message>
        <source>Every stroke and every change becomes a line here. A click on one goes back to it.</source>
        <translation>Каждый мазок и каждое изменение становятся здесь строкой. Щелчок по строке возвращает к ней.</translation>
    </message>
</context>
<context>
    <name>UnsavedDialog</name>
    <message>
        <source>Cancel</source>
        <translation>Отмена</translation>
    </message>
    <message>
        <source>Close without saving</source>
        <translation>Закрыть без сохранения</translation>
    </message>
    <message>
        <source>Documents that are not saved</source>
        <translation>Несохранённые документы</translation>
    </message>
    <message>
        <source>Save all</source>
        <translation>Сохранить все</translation>
    </message>
    <message>
        <source>Save the marked ones</source>
        <translation>Сохранить отмеченные</translation>
    </message>
    <message>
        <source>These documents are not saved. What is not marked is closed without saving, and lost.</source>
        <translation>Эти документы не сохранены. Неотмеченные закроются без сохранения, и их изменения пропадут.</translation>
    </message>
</context>
<context>
    <name>Candidates</name>
    <message>
        <source>Removed</source>
        <translation>Убрано</translation>
    </message>
    <message>
        <source>Mix</source>
        <translation>Смесь</translation>
    </message>
</context>
<context>
    <name>FillPopup</name>
    <message>
        <source>How it is filled</source>
        <translation>Как заполнять</translation>
    </message>
    <message>
        <source>Grow</source>
        <translation>Расширить</translation>
    </message>
    <message>
        <source>How far beyond what is marked is drawn anew; below 0 it stays as far within it.</source>
        <translation>Насколько за отмеченное заходит новое; ниже 0 — настолько не доходит до края.</translation>
    </message>
    <message>
        <source>Soft edge</source>
        <translation>Мягкий край</translation>
    </message>
    <message>
        <source>How wide old and new run into one another, inward.</source>
        <translation>На какой ширине, внутрь, старое переходит в новое.</translation>
    </message>
    <message>
        <source>Begin with</source>
        <translation>Исходить из</translation>
    </message>
    <message>
        <source>What is there</source>
        <translation>Того, что там есть</translation>
    </message>
    <message>
        <source>The colours around it, run together</source>
        <translation>Размытых цветов вокруг</translation>
    </message>
    <message>
        <source>What touches it, continued</source>
        <translation>Продолжения того, что по краю</translation>
    </message>
    <message>
        <source>The mean colour around it</source>
        <translation>Среднего цвета вокруг</translation>
    </message>
    <message>
        <source>Match the colours around it</source>
        <translation>Подогнать к цветам вокруг</translation>
    </message>
    <message>
        <source>Remove what is marked</source>
        <translation>Убрать отмеченное</translation>
    </message>
    <message>
        <source>Fill it with what is around it, whatever the words are.</source>
        <translation>Заполнить тем, что вокруг, что бы ни было написано.</translation>
    </message>
    <message>
        <source>Seen around it</source>
        <translation>Видно вокруг</translation>
    </message>
    <message>
        <source>How much around it the model sees at least; it always sees half as far as the mark is wide.</source>
        <translation>Сколько вокруг отмеченного модель видит по меньшей мере; на половину его размера она видит всегда.</translation>
    </message>
</context>
<context>
    <name>TaskBar</name>
    <message>
        <source>How it is filled</source>
        <translation>Как заполнять</translation>
    </message>
    <message>
        <source>the whole canvas, {size}</source>
        <translation>весь холст, {size}</translation>
    </message>
    <message>
        <source>{size}, also beyond the canvas</source>
        <translation>{size}, и за краем холста</translation>
    </message>
    <message>
        <source>{size} of the canvas</source>
        <translation>{size} холста</translation>
    </message>
    <message>
        <source>Generate: {place}, worked on at {size}. A picture from the prompt.</source>
        <translation>Создать: {place}, в размере {size}. Картина по описанию.</translation>
    </message>
    <message>
        <source>Match depth: {place}, worked on at {size}. A picture with the depth layer’s depth.</source>
        <translation>По глубине: {place}, в размере {size}. Картина с глубиной слоя глубины.</translation>
    </message>
    <message>
        <source>Strength</source>
        <translation>Сила</translation>
    </message>
    <message>
        <source>How much of what is there is changed; at 100 % nothing of it is left.</source>
        <translation>Насколько изменится то, что есть; при 100 % от него ничего не останется.</translation>
    </message>
    <message>
        <source>Generate</source>
        <translation>Создать</translation>
    </message>
    <message>
        <source>Refine</source>
        <translation>Переработать</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>Заполнить</translation>
    </message>
    <message>
        <source>Expand</source>
        <translation>Расширить</translation>
    </message>
    <message>
        <source>Match depth</source>
        <translation>По глубине</translation>
    </message>
    <message>
        <source>Mix</source>
        <translation>Смешать</translation>
    </message>
    <message>
        <source>Mix: {place}, worked on at {size}. A picture from what is in the mix.</source>
        <translation>Смешать: {place}, в размере {size}. Картина из того, что в смеси.</translation>
    </message>
    <message>
        <source>Clear the mask</source>
        <translation>Убрать маску</translation>
    </message>
    <message>
        <source>Change a part</source>
        <translation>Изменить часть</translation>
    </message>
    <message>
        <source>Away with all of it; what was kept stays.</source>
        <translation>Вся маска исчезнет; то, что оставлено, останется.</translation>
    </message>
    <message>
        <source>Take the mask brush, and paint over what is to change.</source>
        <translation>Возьмите кисть маски и закрасьте то, что должно измениться.</translation>
    </message>
    <message>
        <source>Refine: drawn anew, as near to it as you say – {place}, worked on at {size}.</source>
        <translation>Переработать: рисуется заново, настолько близко, насколько задано — {place}, в размере {size}.</translation>
    </message>
    <message>
        <source>Fill: only what is masked or selected changes – {place}, worked on at {size}.</source>
        <translation>Заполнить: меняется только отмеченное — {place}, в размере {size}.</translation>
    </message>
    <message>
        <source>Expand: only what is empty is drawn – {place}, worked on at {size}.</source>
        <translation>Расширить: рисуется только пустое — {place}, в размере {size}.</translation>
    </message>
    <message>
        <source>Match depth: {place}, worked on at {size}. A picture from what is in the mix, with the depth layer’s depth.</source>
        <translation>По глубине: {place}, в размере {size}. Картина из того, что в смеси, с глубиной слоя глубины.</translation>
    </message>
</context>
<context>
    <name>Arrivals</name>
    <message>
        <source>Dropped</source>
        <translation>Перетащено</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Картины</translation>
    </message>
    <message>
        <source>Import as a layer</source>
        <translation>Вставить как слой</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Картина</translation>
    </message>
</context>
<context>
    <name>BrushPopup</name>
    <message>
        <source>Brush and colour</source>
        <translation>Кисть и цвет</translation>
    </message>
</context>
<context>
    <name>MixPanel</name>
    <message>
        <source>Mix</source>
        <translation>Смесь</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Отменить</translation>
    </message>
    <message>
        <source>{model} can’t mix. These can: {others}.</source>
        <translation>{model} не умеет смешивать. Умеют: {others}.</translation>
    </message>
    <message>
        <source>Total {percent} %</source>
        <translation>Всего {percent} %</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Картины</translation>
    </message>
    <message>
        <source>Add to the mix</source>
        <translation>Добавить в смесь</translation>
    </message>
    <message>
        <source>Dropped</source>
        <translation>Перетащено</translation>
    </message>
</context>
<context>
    <name>MixForm</name>
    <message>
        <source>Make the next picture from the mix</source>
        <translation>Создать следующую картину из смеси</translation>
    </message>
    <message>
        <source>Add the selection</source>
        <translation>Добавить выделенное</translation>
    </message>
    <message>
        <source>Add the layer</source>
        <translation>Добавить слой</translation>
    </message>
    <message>
        <source>Add words</source>
        <translation>Добавить слова</translation>
    </message>
    <message>
        <source>What is seen in it goes in, as it is when the picture is made</source>
        <translation>В смесь войдёт то, что в нём видно, когда создаётся картина</translation>
    </message>
    <message>
        <source>It goes in as it is when the picture is made. In the prompt, &lt;layer:name&gt; does the same.</source>
        <translation>Слой войдёт таким, каким будет, когда создаётся картина. То же делает &lt;layer:имя&gt; в запросе.</translation>
    </message>
    <message>
        <source>Keep the total at 100 %: the other weights give way</source>
        <translation>Держать сумму в 100 %: остальные веса уступают</translation>
    </message>
    <message>
        <source>Even out</source>
        <translation>Поровну</translation>
    </message>
    <message>
        <source>The same for all that are not locked</source>
        <translation>Одинаково для всех, что не закреплены</translation>
    </message>
    <message>
        <source>To 100 %</source>
        <translation>До 100 %</translation>
    </message>
    <message>
        <source>Make the total 100 %, in the same proportions</source>
        <translation>Довести сумму до 100 %, сохранив пропорции</translation>
    </message>
    <message>
        <source>Mix linearly</source>
        <translation>Смешать линейно</translation>
    </message>
    <message>
        <source>Mix spherically</source>
        <translation>Смешать по сфере</translation>
    </message>
    <message>
        <source>How it is mixed</source>
        <translation>Как смешивать</translation>
    </message>
    <message>
        <source>Linear is calmer in the middle; spherical keeps ideas that are far apart as strong as they are.</source>
        <translation>Линейно — спокойнее посередине; по сфере далёкие идеи не теряют силы.</translation>
    </message>
    <message>
        <source>Pull towards the prompt</source>
        <translation>Притянуть к запросу</translation>
    </message>
    <message>
        <source>How far the words of the prompt pull the mix; a double click gives what suits the model.</source>
        <translation>Насколько слова запроса притягивают смесь; двойной щелчок вернёт то, что подходит модели.</translation>
    </message>
    <message>
        <source>Pigments</source>
        <translation>Пигменты</translation>
    </message>
    <message>
        <source>A pigment is the idea of a finished picture, kept to be mixed again.</source>
        <translation>Пигмент — идея готовой картины, сохранённая, чтобы смешивать её снова.</translation>
    </message>
    <message>
        <source>Save as a pigment</source>
        <translation>Сохранить как пигмент</translation>
    </message>
    <message>
        <source>Keep the idea of the picture that is shown</source>
        <translation>Сохранить идею показанной картины</translation>
    </message>
    <message>
        <source>Drag pictures here from the gallery, or layers, pigments and words. The next picture is what lies between them, and the weights say how much of each.</source>
        <translation>Перетащите сюда картины из галереи, а ещё слои, пигменты и слова. Следующая картина — то, что лежит между ними, а веса говорят, сколько взять от каждого.</translation>
    </message>
    <message>
        <source>Add a file…</source>
        <translation>Добавить файл…</translation>
    </message>
</context>
<context>
    <name>SlotRow</name>
    <message>
        <source>Words, such as “a blue star”</source>
        <translation>Слова, например «синяя звезда»</translation>
    </message>
    <message>
        <source>Words of the mix</source>
        <translation>Слова в смеси</translation>
    </message>
    <message>
        <source>Lock its weight: it stays when others change</source>
        <translation>Закрепить вес: он останется, когда меняются другие</translation>
    </message>
    <message>
        <source>Lead the picture away from it</source>
        <translation>Увести картину от этого</translation>
    </message>
    <message>
        <source>Take it out of the mix</source>
        <translation>Убрать из смеси</translation>
    </message>
    <message>
        <source>Away from it</source>
        <translation>Прочь от этого</translation>
    </message>
    <message>
        <source>How much it counts among what is avoided.</source>
        <translation>Сколько это значит среди того, чего избегают.</translation>
    </message>
    <message>
        <source>Weight</source>
        <translation>Вес</translation>
    </message>
    <message>
        <source>How much of the mix it is.</source>
        <translation>Какую часть смеси это составляет.</translation>
    </message>
</context>
<context>
    <name>PigmentShelf</name>
    <message>
        <source>Rename the pigment</source>
        <translation>Переименовать пигмент</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Название</translation>
    </message>
    <message>
        <source>Put it into the mix</source>
        <translation>Добавить в смесь</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Переименовать…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Удалить</translation>
    </message>
</context>
<context>
    <name>Mixing</name>
    <message>
        <source>Selection</source>
        <translation>Выделенное</translation>
    </message>
</context>
<context>
    <name>Pigments</name>
    <message>
        <source>Pigment</source>
        <translation>Пигмент</translation>
    </message>
    <message>
        <source>“{name}” is on the palette.</source>
        <translation>«{name}» теперь на палитре.</translation>
    </message>
    <message>
        <source>The pigment “{name}” is in the trash.</source>
        <translation>Пигмент «{name}» в корзине.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Вернуть</translation>
    </message>
</context>
<context>
    <name>CandidateBar</name>
    <message>
        <source>Hold to see the canvas without it</source>
        <translation>Удерживайте, чтобы увидеть холст без неё</translation>
    </message>
    <message>
        <source>At the left of the divider</source>
        <translation>Слева от шторки</translation>
    </message>
    <message>
        <source>Keep the {n} marked</source>
        <translation>Оставить отмеченные ({n})</translation>
    </message>
    <message>
        <source>Keep as a layer</source>
        <translation>Оставить слоем</translation>
    </message>
    <message>
        <source>Left: the canvas</source>
        <translation>Слева: холст</translation>
    </message>
    <message>
        <source>Left: {n}</source>
        <translation>Слева: {n}</translation>
    </message>
</context>
<context>
    <name>CandidateViews</name>
    <message>
        <source>Candidates side by side</source>
        <translation>Варианты рядом</translation>
    </message>
    <message>
        <source>Arrow keys choose, Space marks, Enter keeps what is marked or else the chosen one, Esc goes back.</source>
        <translation>Стрелки выбирают, пробел отмечает, Enter оставляет отмеченные или выбранный, Esc возвращает.</translation>
    </message>
    <message>
        <source>The canvas</source>
        <translation>Холст</translation>
    </message>
    <message>
        <source>Being made…</source>
        <translation>Создаётся…</translation>
    </message>
</context>
<context>
    <name>Live</name>
    <message>
        <source>Live is off: another model was chosen.</source>
        <translation>«На лету» выключено: выбрана другая модель.</translation>
    </message>
    <message>
        <source>Memory ran out, so less of the model stays in it; live pictures take longer.</source>
        <translation>Память закончилась, поэтому в ней остаётся меньшая часть модели; картины «на лету» делаются дольше.</translation>
    </message>
    <message>
        <source>Memory ran out: live pictures are made at half the size now.</source>
        <translation>Память закончилась: картины «на лету» теперь вдвое меньше.</translation>
    </message>
</context>
<context>
    <name>LiveBar</name>
    <message>
        <source>Live strength</source>
        <translation>Сила «на лету»</translation>
    </message>
    <message>
        <source>How far the live picture goes from what is painted; 100 % ignores it.</source>
        <translation>Насколько картина отходит от нарисованного; при 100 % оно не учитывается.</translation>
    </message>
    <message>
        <source>Hold to see the canvas without it</source>
        <translation>Удерживайте, чтобы увидеть холст без неё</translation>
    </message>
    <message>
        <source>How live pictures are made</source>
        <translation>Как делаются картины «на лету»</translation>
    </message>
    <message>
        <source>Keep as a layer</source>
        <translation>Оставить слоем</translation>
    </message>
    <message>
        <source>Live picture</source>
        <translation>Картина «на лету»</translation>
    </message>
    <message>
        <source>Live picture: a click takes it to another corner</source>
        <translation>Картина «на лету»: щелчок переносит её в другой угол</translation>
    </message>
    <message>
        <source>Live: write a prompt, and it begins.</source>
        <translation>На лету: напишите запрос, и всё начнётся.</translation>
    </message>
    <message>
        <source>Live: waits for the job that runs.</source>
        <translation>На лету: ждёт, пока закончится задание.</translation>
    </message>
    <message>
        <source>Live: {seconds} s a picture</source>
        <translation>На лету: {seconds} с на картину</translation>
    </message>
    <message>
        <source>Live: the first picture is being made…</source>
        <translation>На лету: делается первая картина…</translation>
    </message>
    <message>
        <source>Live: paint, and the picture follows.</source>
        <translation>На лету: рисуйте, картина поспевает следом.</translation>
    </message>
</context>
<context>
    <name>LivePopup</name>
    <message>
        <source>How live pictures are made</source>
        <translation>Как делаются картины «на лету»</translation>
    </message>
    <message>
        <source>Opacity</source>
        <translation>Непрозрачность</translation>
    </message>
    <message>
        <source>How much the live picture covers of the canvas; strokes always show through.</source>
        <translation>Насколько картина закрывает холст; новые мазки видны всегда.</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Шаги</translation>
    </message>
    <message>
        <source>Fewer are sooner done, more are better drawn.</source>
        <translation>Чем меньше, тем быстрее; чем больше, тем лучше нарисовано.</translation>
    </message>
    <message>
        <source>The next picture begins</source>
        <translation>Следующая картина начинается</translation>
    </message>
    <message>
        <source>Without a graphics card, pictures that are made while you paint take processor time from the pen.</source>
        <translation>Без видеокарты картинки, которые создаются, пока вы рисуете, отнимают у пера время процессора.</translation>
    </message>
    <message>
        <source>While I paint</source>
        <translation>Пока я рисую</translation>
    </message>
    <message>
        <source>When I pause</source>
        <translation>Когда я останавливаюсь</translation>
    </message>
    <message>
        <source>Record all in the gallery</source>
        <translation>Записывать все в галерею</translation>
    </message>
    <message>
        <source>The picture is shown</source>
        <translation>Картина показывается</translation>
    </message>
    <message>
        <source>Over the canvas</source>
        <translation>Поверх холста</translation>
    </message>
    <message>
        <source>In a corner of the view</source>
        <translation>В углу вида</translation>
    </message>
    <message>
        <source>Draw new seeds</source>
        <translation>Новые зёрна</translation>
    </message>
    <message>
        <source>Live keeps its seeds, so that the picture does not flicker; this draws others.</source>
        <translation>Зёрна остаются прежними, чтобы картина не мерцала; эта кнопка выбирает другие.</translation>
    </message>
</context>
<context>
    <name>DepthMaps</name>
    <message>
        <source>Depth is estimated with {model} now.</source>
        <translation>Теперь глубину оценивает {model}.</translation>
    </message>
    <message>
        <source>{model} can’t match depth. These can: {names}.</source>
        <translation>{model} не умеет рисовать по глубине. Умеют: {names}.</translation>
    </message>
    <message>
        <source>The part of {model} that matches depth is not here.</source>
        <translation>Части {model}, рисующей по глубине, здесь нет.</translation>
    </message>
    <message>
        <source>For photographs…</source>
        <translation>Для фотографий…</translation>
    </message>
    <message>
        <source>Told apart by colour: what differs from the ground is near. That suits flat shapes.</source>
        <translation>Различено по цвету: что отличается от фона, то ближе. Это годится для плоских фигур.</translation>
    </message>
    <message>
        <source>{file} is written.</source>
        <translation>Записано: {file}.</translation>
    </message>
</context>
<context>
    <name>DepthPopup</name>
    <message>
        <source>Depth</source>
        <translation>Глубина</translation>
    </message>
    <message>
        <source>How it counts</source>
        <translation>Как она учитывается</translation>
    </message>
    <message>
        <source>The depth layer</source>
        <translation>Слой глубины</translation>
    </message>
    <message>
        <source>Where it comes from</source>
        <translation>Откуда она берётся</translation>
    </message>
    <message>
        <source>Strength</source>
        <translation>Сила</translation>
    </message>
    <message>
        <source>How closely the picture keeps to the depth layer.</source>
        <translation>Насколько точно картина следует слою глубины.</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Начало</translation>
    </message>
    <message>
        <source>The part of the drawing from which on depth counts.</source>
        <translation>С какой части рисования глубина учитывается.</translation>
    </message>
    <message>
        <source>Until</source>
        <translation>Конец</translation>
    </message>
    <message>
        <source>The part of the drawing up to which depth counts; then it is drawn freely.</source>
        <translation>До какой части рисования глубина учитывается; дальше рисуется свободно.</translation>
    </message>
    <message>
        <source>Far point</source>
        <translation>Дальняя точка</translation>
    </message>
    <message>
        <source>What is as dark as this, or darker, becomes farthest.</source>
        <translation>Всё, что темнее этого значения или равно ему, станет самым далёким.</translation>
    </message>
    <message>
        <source>Near point</source>
        <translation>Ближняя точка</translation>
    </message>
    <message>
        <source>What is as light as this, or lighter, becomes nearest.</source>
        <translation>Всё, что светлее этого значения или равно ему, станет самым близким.</translation>
    </message>
    <message>
        <source>Middle</source>
        <translation>Середина</translation>
    </message>
    <message>
        <source>Above 1 what lies in the middle comes nearer, below 1 it goes away.</source>
        <translation>Больше 1 — середина приближается, меньше 1 — удаляется.</translation>
    </message>
    <message>
        <source>Blur</source>
        <translation>Размытие</translation>
    </message>
    <message>
        <source>How far a step in depth is spread to either side.</source>
        <translation>Насколько перепад глубины растягивается в обе стороны.</translation>
    </message>
    <message>
        <source>Invert: near becomes far</source>
        <translation>Обратить: близкое станет далёким</translation>
    </message>
    <message>
        <source>Estimate from the picture</source>
        <translation>Оценить по картине</translation>
    </message>
    <message>
        <source>Estimate from the active layer</source>
        <translation>Оценить по активному слою</translation>
    </message>
    <message>
        <source>For photographs…</source>
        <translation>Для фотографий…</translation>
    </message>
    <message>
        <source>With {model}, which sees depth in photographs.</source>
        <translation>Оценивает {model}: видит глубину на фотографиях.</translation>
    </message>
    <message>
        <source>By colour: what differs from the ground counts as near. Right for flat shapes, not for photographs.</source>
        <translation>По цвету: что отличается от фона, считается близким. Верно для плоских фигур, но не для фотографий.</translation>
    </message>
</context>
<context>
    <name>DepthControls</name>
    <message>
        <source>Depth: how it counts, its range, where it comes from</source>
        <translation>Глубина: как учитывается, её диапазон, откуда берётся</translation>
    </message>
    <message>
        <source>Depth</source>
        <translation>Глубина</translation>
    </message>
    <message>
        <source>How closely the picture keeps to the depth layer.</source>
        <translation>Насколько точно картина следует слою глубины.</translation>
    </message>
</context>
<context>
    <name>DepthRow</name>
    <message>
        <source>Depth: how it counts, its range, where it comes from</source>
        <translation>Глубина: как учитывается, её диапазон, откуда берётся</translation>
    </message>
    <message>
        <source>Shown at</source>
        <translation>Видна на</translation>
    </message>
    <message>
        <source>How much the depth layer covers the picture while you look at it.</source>
        <translation>Насколько слой глубины закрывает картину, пока вы на него смотрите.</translation>
    </message>
    <message>
        <source>Estimate depth</source>
        <translation>Оценить глубину</translation>
    </message>
    <message>
        <source>Cancel ({percent} %)</source>
        <translation>Отменить ({percent} %)</translation>
    </message>
    <message>
        <source>Make the depth layer from what is seen in the generation frame</source>
        <translation>Сделать слой глубины из того, что видно в рамке генерации</translation>
    </message>
</context>
<context>
    <name>DepthDeeds</name>
    <message>
        <source>Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff)</source>
        <translation>Картины (*.png *.jpg *.jpeg *.webp *.tif *.tiff)</translation>
    </message>
    <message>
        <source>Import a depth map</source>
        <translation>Импортировать карту глубины</translation>
    </message>
    <message>
        <source>Export the depth map</source>
        <translation>Экспортировать карту глубины</translation>
    </message>
    <message>
        <source>Open the folder of the depth estimator</source>
        <translation>Открыть папку с оценкой глубины</translation>
    </message>
</context>
<context>
    <name>DepthEstimatorDialog</name>
    <message>
        <source>Depth of photographs</source>
        <translation>Глубина фотографий</translation>
    </message>
    <message>
        <source>{model} sees how near things are in photographs and paintings of them. It takes {size} MB, also runs without a graphics card, and is free under {licence}. Until it is here, depth is told by colour: what differs from the ground counts as near, which suits flat shapes only.</source>
        <translation>{model} видит, насколько близко предметы на фотографиях и похожих на них картинах. Занимает {size} МБ, работает и без видеокарты, свободна по лицензии {licence}. Пока её нет, глубина определяется по цвету: что отличается от фона, считается близким, а это годится только для плоских фигур.</translation>
    </message>
    <message>
        <source>Or show the program where it is:</source>
        <translation>Или покажите программе, где она:</translation>
    </message>
    <message>
        <source>The models folder</source>
        <translation>Папка моделей</translation>
    </message>
    <message>
        <source>Open this folder</source>
        <translation>Открыть эту папку</translation>
    </message>
    <message>
        <source>Open a folder…</source>
        <translation>Открыть папку…</translation>
    </message>
    <message>
        <source>Estimate depth</source>
        <translation>Оценить глубину</translation>
    </message>
    <message>
        <source>{model} is on this computer.</source>
        <translation>{model}: файлы на этом компьютере.</translation>
    </message>
    <message>
        <source>Not found yet. This window looks again whenever you come back to it.</source>
        <translation>Пока не найдено. Окно ищет снова, когда вы к нему возвращаетесь.</translation>
    </message>
    <message>
        <source>Among the models it can be fetched from Hugging Face:</source>
        <translation>Её можно скачать с Hugging Face среди моделей:</translation>
    </message>
    <message>
        <source>Models…</source>
        <translation>Модели…</translation>
    </message>
    <message>
        <source>If you have its files already, the folder {folder} with {files}, as {repository} publishes them, put that folder into the models folder:</source>
        <translation>Если её файлы у вас уже есть (папка {folder}, в ней {files}, как их публикует {repository}), положите эту папку в папку моделей:</translation>
    </message>
</context>
<context>
    <name>WordsPanel</name>
    <message>
        <source>Words</source>
        <translation>Слова</translation>
    </message>
    <message>
        <source>Whose words</source>
        <translation>Чьи слова</translation>
    </message>
    <message>
        <source>Of the prompt</source>
        <translation>Запроса</translation>
    </message>
    <message>
        <source>Of the picture shown</source>
        <translation>Показанной картины</translation>
    </message>
    <message>
        <source>Worth of what kind</source>
        <translation>Какой вес</translation>
    </message>
    <message>
        <source>For the idea</source>
        <translation>Для идеи</translation>
    </message>
    <message>
        <source>In the picture</source>
        <translation>В картине</translation>
    </message>
    <message>
        <source>Heard</source>
        <translation>Внимание</translation>
    </message>
    <message>
        <source>Order of the words</source>
        <translation>Порядок слов</translation>
    </message>
    <message>
        <source>As they are read</source>
        <translation>Как читаются</translation>
    </message>
    <message>
        <source>By worth</source>
        <translation>По весу</translation>
    </message>
    <message>
        <source>What each word is worth</source>
        <translation>Сколько весит каждое слово</translation>
    </message>
    <message>
        <source>Where in the picture</source>
        <translation>Где в картине</translation>
    </message>
    <message>
        <source>Write a prompt to see what its words are worth.</source>
        <translation>Напишите запрос, и будет видно, сколько весят его слова.</translation>
    </message>
    <message>
        <source>There is no picture with words. Make one, or click one in the gallery.</source>
        <translation>Картины со словами нет. Создайте её или щёлкните по картине в галерее.</translation>
    </message>
    <message>
        <source>Weigh the words</source>
        <translation>Взвесить слова</translation>
    </message>
    <message>
        <source>{model} draws straight from the words: there is no idea to weigh them for.</source>
        <translation>{model} рисует прямо по словам: идеи, для которой их взвешивать, нет.</translation>
    </message>
    <message>
        <source>How far the idea moves when the word is left out: 0 is not at all.</source>
        <translation>Насколько сдвинется идея, если слово убрать: 0 — нисколько.</translation>
    </message>
    <message>
        <source>How much better picture and words agree with the word than without it; below 0 the picture speaks against it.</source>
        <translation>Насколько слова подходят к картине лучше со словом, чем без него; ниже 0 — картина говорит против него.</translation>
    </message>
    <message>
        <source>How much of the picture’s attention went to the word while it was drawn.</source>
        <translation>Сколько внимания досталось слову, пока рисовалась картина.</translation>
    </message>
    <message>
        <source>Find where words went</source>
        <translation>Найти места слов</translation>
    </message>
    <message>
        <source>{model}’s decoder never reads the words, only the idea that was made of them, so they have no place in the picture. These read them: {others}.</source>
        <translation>{model}: декодер не читает слов, а только идею, которая из них сделана, поэтому места в картине у слов нет. Слова читают: {others}.</translation>
    </message>
    <message>
        <source>That is known of a picture only: make one, and choose the picture above.</source>
        <translation>Это известно только о картине: создайте её и выберите картину вверху.</translation>
    </message>
    <message>
        <source>Point at a word: where the picture stays bright, it was heard.</source>
        <translation>Наведите на слово: где картина остаётся светлой, там его слушали.</translation>
    </message>
    <message>
        <source>The picture is made once more, and it is watched where each word goes.</source>
        <translation>Картина создаётся ещё раз, и видно, куда уходит каждое слово.</translation>
    </message>
    <message>
        <source>Cancel – {percent} %</source>
        <translation>Отменить – {percent} %</translation>
    </message>
</context>
<context>
    <name>languages</name>
    <message>
        <source>English</source>
        <translation>английский</translation>
    </message>
    <message>
        <source>Russian</source>
        <translation>русский</translation>
    </message>
    <message>
        <source>German</source>
        <translation>немецкий</translation>
    </message>
    <message>
        <source>French</source>
        <translation>французский</translation>
    </message>
    <message>
        <source>Spanish</source>
        <translation>испанский</translation>
    </message>
    <message>
        <source>Italian</source>
        <translation>итальянский</translation>
    </message>
    <message>
        <source>Portuguese</source>
        <translation>португальский</translation>
    </message>
    <message>
        <source>Polish</source>
        <translation>польский</translation>
    </message>
    <message>
        <source>Ukrainian</source>
        <translation>украинский</translation>
    </message>
    <message>
        <source>Turkish</source>
        <translation>турецкий</translation>
    </message>
    <message>
        <source>Chinese</source>
        <translation>китайский</translation>
    </message>
    <message>
        <source>Japanese</source>
        <translation>японский</translation>
    </message>
    <message>
        <source>Korean</source>
        <translation>корейский</translation>
    </message>
    <message>
        <source>Arabic</source>
        <translation>арабский</translation>
    </message>
    <message>
        <source>Cyrillic</source>
        <translation>кириллица</translation>
    </message>
    <message>
        <source>Chinese characters</source>
        <translation>иероглифы</translation>
    </message>
    <message>
        <source>Greek</source>
        <translation>греческий</translation>
    </message>
    <message>
        <source>Hebrew</source>
        <translation>иврит</translation>
    </message>
    <message>
        <source>Devanagari</source>
        <translation>деванагари</translation>
    </message>
    <message>
        <source>Latin letters</source>
        <translation>латиница</translation>
    </message>
</context>
<context>
    <name>Styles</name>
    <message>
        <source>The style “{name}” is gone.</source>
        <translation>Стиль «{name}» удалён.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Вернуть</translation>
    </message>
    <message>
        <source>Styles taken from the file: {count}</source>
        <translation>Взято стилей из файла: {count}</translation>
    </message>
    <message>
        <source>The style “{name}” is in the trash.</source>
        <translation>Стиль «{name}» в корзине.</translation>
    </message>
    <message>
        <source>The style “{name}” is on the shelf, and applied.</source>
        <translation>Стиль «{name}» лежит на полке и применяется.</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source># One choice per line. In a prompt, __palette__ stands for one of them.</source>
        <translation># По варианту в строке. В запросе __palette__ означает один из них.</translation>
    </message>
    <message>
        <source>warm palette, cool palette, muted colours, black and white</source>
        <translation>тёплая палитра, холодная палитра, приглушённые цвета, чёрно-белое</translation>
    </message>
</context>
<context>
    <name>handbook</name>
    <message>
        <source>Composition</source>
        <translation>Композиция</translation>
    </message>
    <message>
        <source>Lens and view</source>
        <translation>Объектив и ракурс</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Свет</translation>
    </message>
    <message>
        <source>Palette</source>
        <translation>Палитра</translation>
    </message>
    <message>
        <source>Medium</source>
        <translation>Техника</translation>
    </message>
    <message>
        <source>Line and shape</source>
        <translation>Линия и форма</translation>
    </message>
    <message>
        <source>Texture and surface</source>
        <translation>Фактура и поверхность</translation>
    </message>
    <message>
        <source>Detail and finish</source>
        <translation>Детали и отделка</translation>
    </message>
    <message>
        <source>Mood</source>
        <translation>Настроение</translation>
    </message>
    <message>
        <source>Weather and time</source>
        <translation>Погода и время</translation>
    </message>
    <message>
        <source>Era and style</source>
        <translation>Эпоха и стиль</translation>
    </message>
    <message>
        <source>Purpose</source>
        <translation>Назначение</translation>
    </message>
    <message>
        <source>Your own</source>
        <translation>Ваши слова</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Цвета</translation>
    </message>
    <message>
        <source>Shapes</source>
        <translation>Фигуры</translation>
    </message>
    <message>
        <source>Sizes</source>
        <translation>Размеры</translation>
    </message>
    <message>
        <source>Places</source>
        <translation>Места</translation>
    </message>
    <message>
        <source>One to the other</source>
        <translation>Одно к другому</translation>
    </message>
    <message>
        <source>The colour of a shape, or of the ground behind it.</source>
        <translation>Цвет фигуры или фона за ней.</translation>
    </message>
    <message>
        <source>What is drawn; two shapes in one picture work, too.</source>
        <translation>Что нарисовано; две фигуры на одной картине тоже получаются.</translation>
    </message>
    <message>
        <source>How much room the shape takes.</source>
        <translation>Сколько места занимает фигура.</translation>
    </message>
    <message>
        <source>Where on the picture the shape stands.</source>
        <translation>Где на картине стоит фигура.</translation>
    </message>
    <message>
        <source>Where one of two shapes stands beside the other.</source>
        <translation>Где одна из двух фигур стоит относительно другой.</translation>
    </message>
</context>
<context>
    <name>Handbook</name>
    <message>
        <source>“{words}” is out of the handbook.</source>
        <translation>«{words}» больше нет в справочнике.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Вернуть</translation>
    </message>
</context>
<context>
    <name>ChipRow</name>
    <message>
        <source>Take off: {name}</source>
        <translation>Снять: {name}</translation>
    </message>
</context>
<context>
    <name>HandbookList</name>
    <message>
        <source>open</source>
        <translation>открыто</translation>
    </message>
    <message>
        <source>closed</source>
        <translation>закрыто</translation>
    </message>
    <message>
        <source>in the prompt</source>
        <translation>есть в запросе</translation>
    </message>
</context>
<context>
    <name>TokenCount</name>
    <message>
        <source>{tokens} of {limit} tokens</source>
        <translation>токенов: {tokens} из {limit}</translation>
    </message>
    <message>
        <source>about {count}</source>
        <translation>примерно {count}</translation>
    </message>
    <message>
        <source>Tokens are words and pieces of words. What has no room is not read.</source>
        <translation>Токены — это слова и части слов. Что не помещается, не читается.</translation>
    </message>
    <message>
        <source>A guess, until the model’s own tokenizer has counted.</source>
        <translation>Пока приблизительно: токенизатор модели ещё не посчитал.</translation>
    </message>
</context>
<context>
    <name>WordBar</name>
    <message>
        <source>Styles: words around the prompt</source>
        <translation>Стили: слова вокруг запроса</translation>
    </message>
    <message>
        <source>Prompt handbook: what words do to a picture</source>
        <translation>Справочник: что слова меняют в картине</translation>
    </message>
    <message>
        <source>Prompts that were used before (Alt+Up, Alt+Down)</source>
        <translation>Прежние запросы (Alt+Вверх, Alt+Вниз)</translation>
    </message>
    <message>
        <source>Which of the possible texts</source>
        <translation>Какие из возможных текстов</translation>
    </message>
</context>
<context>
    <name>HistoryPopup</name>
    <message>
        <source>Search the prompts</source>
        <translation>Искать в запросах</translation>
    </message>
    <message>
        <source>Prompts that were used before</source>
        <translation>Прежние запросы</translation>
    </message>
    <message>
        <source>The words of each picture that you make are kept here.</source>
        <translation>Здесь хранятся слова каждой созданной вами картины.</translation>
    </message>
    <message>
        <source>No prompt has these words.</source>
        <translation>Нет запроса с такими словами.</translation>
    </message>
</context>
<context>
    <name>PromptWords</name>
    <message>
        <source>Not: {words}</source>
        <translation>Не рисовать: {words}</translation>
    </message>
    <message>
        <source>Sets some numbers, too.</source>
        <translation>Задаёт и некоторые числа.</translation>
    </message>
    <message>
        <source>None of this is read: the styles leave no room for it.</source>
        <translation>Ничего из этого не читается: стили не оставили места.</translation>
    </message>
    <message>
        <source>Read up to “{words}”; the rest has no room.</source>
        <translation>Читается до слов «{words}»; остальное не помещается.</translation>
    </message>
    <message>
        <source>The wildcard “{name}” leads back to itself.</source>
        <translation>Набор «{name}» ведёт сам к себе.</translation>
    </message>
    <message>
        <source>There is no wildcard {names}.</source>
        <translation>Нет набора вариантов {names}.</translation>
    </message>
    <message>
        <source>Longer than what is read; the end has no room.</source>
        <translation>Длиннее, чем читается; конец не помещается.</translation>
    </message>
    <message>
        <source>{model} reads {languages}; words in another script ({script}) mean little to it.</source>
        <translation>{model} понимает: {languages}. Слова другой письменности ({script}) почти ничего ей не скажут.</translation>
    </message>
    <message>
        <source>{count} possible: {examples}</source>
        <translation>Возможно {count}: {examples}</translation>
    </message>
    <message>
        <source>Sent: {words}</source>
        <translation>Будет отправлено: {words}</translation>
    </message>
    <message>
        <source>All combinations: {count} pictures</source>
        <translation>Все сочетания, картин: {count}</translation>
    </message>
    <message>
        <source>The first {most} of {count} combinations</source>
        <translation>Первые {most} сочетаний из {count}</translation>
    </message>
    <message>
        <source>Each picture draws its own words</source>
        <translation>Каждая картина тянет свои слова</translation>
    </message>
    <message>
        <source>Reads {languages}.</source>
        <translation>Понимает: {languages}.</translation>
    </message>
    <message>
        <source>{languages} and {count} more</source>
        <translation>{languages} и ещё {count}</translation>
    </message>
    <message>
        <source>What wildcards stand for is read from UTF-8 text files, and {names} is none.</source>
        <translation>Наборы вариантов читаются из текстовых файлов в UTF-8, а {names} не такой.</translation>
    </message>
    <message>
        <source>A click makes {count} pictures, which may take long.</source>
        <translation>Щелчок создаст картин: {count}. Это может быть долго.</translation>
    </message>
</context>
<context>
    <name>HandbookPanel</name>
    <message>
        <source>Handbook</source>
        <translation>Справочник</translation>
    </message>
    <message>
        <source>Search: light, calm, paper…</source>
        <translation>Искать: свет, покой, бумага…</translation>
    </message>
    <message>
        <source>Search the handbook</source>
        <translation>Искать в справочнике</translation>
    </message>
    <message>
        <source>Nothing in the handbook has these words. You can add your own below.</source>
        <translation>В справочнике нет таких слов. Ниже можно добавить свои.</translation>
    </message>
    <message>
        <source>Change your entry</source>
        <translation>Изменить свою запись</translation>
    </message>
    <message>
        <source>Add your own</source>
        <translation>Добавить своё</translation>
    </message>
    <message>
        <source>Words for the prompt</source>
        <translation>Слова для запроса</translation>
    </message>
    <message>
        <source>What they do, in a sentence</source>
        <translation>Что они делают, одной фразой</translation>
    </message>
    <message>
        <source>Group</source>
        <translation>Раздел</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Сохранить</translation>
    </message>
    <message>
        <source>Leave it</source>
        <translation>Оставить как есть</translation>
    </message>
    <message>
        <source>A click puts words into the negative prompt.</source>
        <translation>Щелчок добавляет слова в поле «Чего не рисовать».</translation>
    </message>
    <message>
        <source>Take out</source>
        <translation>Убрать</translation>
    </message>
    <message>
        <source>Put in</source>
        <translation>Вставить</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Изменить…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Удалить</translation>
    </message>
</context>
<context>
    <name>StylesDialog</name>
    <message>
        <source>Prompt styles</source>
        <translation>Стили запроса</translation>
    </message>
    <message>
        <source>Your styles</source>
        <translation>Ваши стили</translation>
    </message>
    <message>
        <source>No style of your own yet. A copy of a ready-made one is a good beginning.</source>
        <translation>Своих стилей пока нет. Хорошее начало — копия готового.</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Название</translation>
    </message>
    <message>
        <source>Words</source>
        <translation>Слова</translation>
    </message>
    <message>
        <source>Negative words</source>
        <translation>Чего не рисовать</translation>
    </message>
    <message>
        <source>{prompt} stands for the prompt; without it the words come behind it.</source>
        <translation>{prompt} означает запрос; без него слова встанут после запроса.</translation>
    </message>
    <message>
        <source>Set the steps and the guidance of now, too</source>
        <translation>Задавать и нынешние шаги и точность</translation>
    </message>
    <message>
        <source>New</source>
        <translation>Новый</translation>
    </message>
    <message>
        <source>Copy a ready-made one</source>
        <translation>Скопировать готовый</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Удалить</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Взять из файла…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Выгрузить…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Закрыть</translation>
    </message>
    <message>
        <source>a red circle</source>
        <translation>красный круг</translation>
    </message>
    <message>
        <source>Sent: {words}</source>
        <translation>Будет отправлено: {words}</translation>
    </message>
    <message>
        <source>Not: {words}</source>
        <translation>Не рисовать: {words}</translation>
    </message>
    <message>
        <source>New style</source>
        <translation>Новый стиль</translation>
    </message>
    <message>
        <source>Import styles</source>
        <translation>Взять стили из файла</translation>
    </message>
    <message>
        <source>Export styles</source>
        <translation>Выгрузить стили</translation>
    </message>
</context>
<context>
    <name>PadPanel</name>
    <message>
        <source>Pad</source>
        <translation>Пульт</translation>
    </message>
    <message>
        <source>Drop two to five pictures, layers, pigments or words here. Drag the point between them: the picture follows, and where you let go it is made whole and kept.</source>
        <translation>Перетащите сюда от двух до пяти картин, слоёв, пигментов или слов. Ведите точку между ними: картина следует за ней, а там, где вы её отпустите, рисуется целиком и сохраняется.</translation>
    </message>
    <message>
        <source>Drag the point between the corners, or click one of them.</source>
        <translation>Ведите точку между углами или щёлкните по одному из них.</translation>
    </message>
    <message>
        <source>Picture of the mix</source>
        <translation>Картина из смеси</translation>
    </message>
    <message>
        <source>Words for a corner, then Enter</source>
        <translation>Слова для угла, затем Enter</translation>
    </message>
    <message>
        <source>Words for a corner</source>
        <translation>Слова для угла</translation>
    </message>
    <message>
        <source>Add picture…</source>
        <translation>Добавить картину…</translation>
    </message>
    <message>
        <source>Take those of the mix</source>
        <translation>Взять из смеси</translation>
    </message>
    <message>
        <source>Use in the mix</source>
        <translation>В смесь</translation>
    </message>
    <message>
        <source>The corners go into the mix, with the weights of now</source>
        <translation>Углы попадут в смесь с нынешними весами</translation>
    </message>
    <message>
        <source>Other noise: the same mix, drawn differently</source>
        <translation>Другой шум: та же смесь, нарисованная иначе</translation>
    </message>
    <message>
        <source>Draft steps</source>
        <translation>Шаги наброска</translation>
    </message>
    <message>
        <source>Of the picture while you drag. Fewer are faster; a double click gives what shows the right mix.</source>
        <translation>Для картины, пока вы ведёте точку. Чем меньше, тем быстрее; двойной щелчок вернёт столько, сколько нужно, чтобы смесь была верной.</translation>
    </message>
    <message>
        <source>Over the canvas</source>
        <translation>Поверх холста</translation>
    </message>
    <message>
        <source>Drafts are laid over the frame of the document, and whole pictures wait there as candidates</source>
        <translation>Наброски ложатся на рамку документа, а готовые картины ждут там как варианты</translation>
    </message>
    <message>
        <source>Draft</source>
        <translation>Набросок</translation>
    </message>
    <message>
        <source>{model} can’t mix. These can: {others}.</source>
        <translation>{model} не умеет смешивать. Умеют: {others}.</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Картины</translation>
    </message>
    <message>
        <source>Add to the mixing pad</source>
        <translation>Добавить на пульт</translation>
    </message>
    <message>
        <source>All of it</source>
        <translation>Только это</translation>
    </message>
    <message>
        <source>Take it away</source>
        <translation>Убрать</translation>
    </message>
</context>
<context>
    <name>PadField</name>
    <message>
        <source>Mixing pad</source>
        <translation>Пульт смешивания</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>{name}: {percent} %</source>
        <translation>{name}: {percent} %</translation>
    </message>
</context>
<context>
    <name>FilmStrip</name>
    <message>
        <source>Strip</source>
        <translation>Лента</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>Make another frame between these two</source>
        <translation>Сделать ещё кадр между этими двумя</translation>
    </message>
</context>
<context>
    <name>StripExport</name>
    <message>
        <source>Saved as {file}.</source>
        <translation>Сохранено как {file}.</translation>
    </message>
</context>
<context>
    <name>StripPanel</name>
    <message>
        <source>Strip</source>
        <translation>Лента</translation>
    </message>
    <message>
        <source>{model} can’t mix. These can: {others}.</source>
        <translation>{model} не умеет смешивать. Умеют: {others}.</translation>
    </message>
    <message>
        <source>Cancel ({done} of {count})</source>
        <translation>Отмена ({done} из {count})</translation>
    </message>
    <message>
        <source>Make the strip</source>
        <translation>Сделать ленту</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Экспорт…</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Картины</translation>
    </message>
    <message>
        <source>Picture for the strip</source>
        <translation>Картина для ленты</translation>
    </message>
    <message>
        <source>Folder for the pictures</source>
        <translation>Папка для картин</translation>
    </message>
    <message>
        <source>Save the film as</source>
        <translation>Сохранить фильм как</translation>
    </message>
</context>
<context>
    <name>StripForm</name>
    <message>
        <source>Drop a picture, a layer or a pigment here, click to choose a file, or type words below</source>
        <translation>Перетащите сюда картину, слой или пигмент, щёлкните, чтобы выбрать файл, или впишите слова ниже</translation>
    </message>
    <message>
        <source>Beginning</source>
        <translation>Начало</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Конец</translation>
    </message>
    <message>
        <source>or words</source>
        <translation>или слова</translation>
    </message>
    <message>
        <source>Put something at both ends: the strip shows what lies between them, frame by frame, drawn from the same noise. Any frame can be used, and all of them make a film.</source>
        <translation>Положите что-нибудь на оба конца: лента покажет кадр за кадром, что лежит между ними, из одного и того же шума. Любой кадр можно взять в работу, а все вместе — сохранить как фильм.</translation>
    </message>
    <message>
        <source>Frames</source>
        <translation>Кадры</translation>
    </message>
    <message>
        <source>How many are made, with both ends</source>
        <translation>Сколько их будет вместе с концами</translation>
    </message>
    <message>
        <source>Straight</source>
        <translation>По прямой</translation>
    </message>
    <message>
        <source>On the sphere</source>
        <translation>По сфере</translation>
    </message>
    <message>
        <source>How it goes from one end to the other</source>
        <translation>Как идти от одного конца к другому</translation>
    </message>
    <message>
        <source>Straight is calmer in the middle; on the sphere ideas that are far apart stay as strong as they are.</source>
        <translation>По прямой середина спокойнее; по сфере далёкие друг от друга идеи остаются такими же сильными.</translation>
    </message>
    <message>
        <source>Swap the ends</source>
        <translation>Поменять концы местами</translation>
    </message>
    <message>
        <source>Put the first two of the mix at the ends</source>
        <translation>Положить на концы первые два из смеси</translation>
    </message>
    <message>
        <source>Make another frame between the chosen one and the next</source>
        <translation>Сделать ещё кадр между выбранным и следующим</translation>
    </message>
    <message>
        <source>Lay the chosen frame over the document as a candidate</source>
        <translation>Положить выбранный кадр на документ как вариант</translation>
    </message>
    <message>
        <source>Keep the chosen frame in the gallery and look at it</source>
        <translation>Сохранить выбранный кадр в галерее и посмотреть на него</translation>
    </message>
    <message>
        <source>To the mix</source>
        <translation>В смесь</translation>
    </message>
    <message>
        <source>Mix both ends as the chosen frame does</source>
        <translation>Смешать оба конца так, как в выбранном кадре</translation>
    </message>
    <message>
        <source>Frames a second</source>
        <translation>Кадров в секунду</translation>
    </message>
    <message>
        <source>WebP</source>
        <translation>WebP</translation>
    </message>
    <message>
        <source>GIF</source>
        <translation>GIF</translation>
    </message>
    <message>
        <source>Kind of file</source>
        <translation>Вид файла</translation>
    </message>
    <message>
        <source>Pace</source>
        <translation>Темп</translation>
    </message>
    <message>
        <source> fps</source>
        <translation> к/с</translation>
    </message>
    <message>
        <source>There and back: the film has no jump when it is played over and over</source>
        <translation>Туда и обратно: при повторе фильма нет скачка</translation>
    </message>
    <message>
        <source>MP4 video</source>
        <translation>Видео MP4</translation>
    </message>
    <message>
        <source>PNG pictures</source>
        <translation>Кадры PNG</translation>
    </message>
</context>
<context>
    <name>queue</name>
    <message>
        <source>Generate</source>
        <translation>Создание</translation>
    </message>
    <message>
        <source>Refine</source>
        <translation>Доработка</translation>
    </message>
    <message>
        <source>Fill</source>
        <translation>Заполнение</translation>
    </message>
    <message>
        <source>Expand</source>
        <translation>Расширение</translation>
    </message>
    <message>
        <source>Mix</source>
        <translation>Смесь</translation>
    </message>
    <message>
        <source>Match depth</source>
        <translation>По глубине</translation>
    </message>
    <message>
        <source>As much as fits</source>
        <translation>Сколько поместится</translation>
    </message>
    <message>
        <source>One part of the model after another</source>
        <translation>Части модели по очереди</translation>
    </message>
    <message>
        <source>Compressed weights</source>
        <translation>Сжатые веса</translation>
    </message>
    <message>
        <source>Layer by layer: least, and slowest</source>
        <translation>Слой за слоем: меньше всего и медленнее всего</translation>
    </message>
    <message>
        <source>pictures: {count}</source>
        <translation>картин: {count}</translation>
    </message>
    <message>
        <source>Done in {time}</source>
        <translation>Готово за {time}</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Приостановлено</translation>
    </message>
    <message>
        <source>Waits</source>
        <translation>Ждёт</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>Загрузка модели…</translation>
    </message>
    <message>
        <source>Step {step} of {steps}</source>
        <translation>Шаг {step} из {steps}</translation>
    </message>
    <message>
        <source>picture {number} of {count}</source>
        <translation>картина {number} из {count}</translation>
    </message>
    <message>
        <source>Waiting: {count}</source>
        <translation>Ждут: {count}</translation>
    </message>
    <message>
        <source>{time} or more</source>
        <translation>{time} или больше</translation>
    </message>
    <message>
        <source>{time} in all</source>
        <translation>всего {time}</translation>
    </message>
    <message>
        <source>a few seconds</source>
        <translation>несколько секунд</translation>
    </message>
    <message>
        <source>about {count} s</source>
        <translation>около {count} с</translation>
    </message>
    <message>
        <source>about {count} min</source>
        <translation>около {count} мин</translation>
    </message>
    <message>
        <source>about {count} h</source>
        <translation>около {count} ч</translation>
    </message>
    <message>
        <source>about {hours} h {minutes} min</source>
        <translation>около {hours} ч {minutes} мин</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} с</translation>
    </message>
    <message>
        <source>{minutes} min {seconds} s</source>
        <translation>{minutes} мин {seconds} с</translation>
    </message>
</context>
<context>
    <name>Queue</name>
    <message>
        <source>Jobs cancelled: {count}.</source>
        <translation>Отменено заданий: {count}.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Вернуть</translation>
    </message>
    <message>
        <source>The queue is paused: this waits in it.</source>
        <translation>Очередь приостановлена: задание ждёт в ней.</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Продолжить</translation>
    </message>
    <message>
        <source>Jobs that were waiting when the program ended: {count}.</source>
        <translation>Заданий, не сделанных до закрытия программы: {count}.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Попробовать снова</translation>
    </message>
</context>
<context>
    <name>QueuePanel</name>
    <message>
        <source>Queue</source>
        <translation>Очередь</translation>
    </message>
    <message>
        <source>Nothing waits. Generate as often as you like while a picture is being made: here you drag the jobs into the order you want, pause them, or cancel them. They are kept until they are made, even when the program is closed.</source>
        <translation>Ничего не ждёт. Пока создаётся картина, можно заказывать следующие: здесь их перетаскивают в нужном порядке, приостанавливают и отменяют. Они хранятся, пока не будут сделаны, даже если закрыть программу.</translation>
    </message>
    <message>
        <source>Go on with the queue</source>
        <translation>Продолжить очередь</translation>
    </message>
    <message>
        <source>Pause the queue; what is being made is finished</source>
        <translation>Приостановить очередь; начатое будет закончено</translation>
    </message>
    <message>
        <source>To the front</source>
        <translation>В начало</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Выше</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Ниже</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Попробовать снова</translation>
    </message>
    <message>
        <source>Try again and keep in memory</source>
        <translation>Попробовать снова, держа в памяти</translation>
    </message>
    <message>
        <source>Take out of the list</source>
        <translation>Убрать из списка</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Отменить</translation>
    </message>
</context>
<context>
    <name>IdeasPanel</name>
    <message>
        <source>Ideas</source>
        <translation>Идеи</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>Просмотр</translation>
    </message>
    <message>
        <source>Drift</source>
        <translation>Дрейф</translation>
    </message>
    <message>
        <source>Styles</source>
        <translation>Стили</translation>
    </message>
    <message>
        <source>What to do with ideas</source>
        <translation>Что делать с идеями</translation>
    </message>
</context>
<context>
    <name>IdeaPreview</name>
    <message>
        <source>One prompt, several ideas: the words stay, what the model makes of them differs. Look at small drafts, choose one, and only that becomes a whole picture.</source>
        <translation>Один запрос, несколько идей: слова те же, а понимает их модель по-разному. Посмотрите на наброски, выберите один — и только он станет целой картиной.</translation>
    </message>
    <message>
        <source>How many</source>
        <translation>Сколько</translation>
    </message>
    <message>
        <source>Drafts that are made at once.</source>
        <translation>Сколько набросков делать за раз.</translation>
    </message>
    <message>
        <source>Drafts of ideas</source>
        <translation>Наброски идей</translation>
    </message>
    <message>
        <source>Make it whole</source>
        <translation>Сделать целиком</translation>
    </message>
    <message>
        <source>Pin this idea and make the whole picture of it; so does a double click or Enter</source>
        <translation>Закрепить эту идею и сделать по ней целую картину; то же делают двойной щелчок и Enter</translation>
    </message>
    <message>
        <source>More like this</source>
        <translation>Похожие</translation>
    </message>
    <message>
        <source>Ideas near this one: its own, mixed with new ones of the words</source>
        <translation>Идеи рядом с этой: она сама, смешанная с новыми по тем же словам</translation>
    </message>
    <message>
        <source>Other renderings</source>
        <translation>Другие исполнения</translation>
    </message>
    <message>
        <source>The same idea, drawn with other rendering seeds</source>
        <translation>Та же идея, нарисованная с другими зёрнами исполнения</translation>
    </message>
    <message>
        <source>Free the idea: the next pictures have new ones</source>
        <translation>Отпустить идею: у следующих картин будут новые</translation>
    </message>
    <message>
        <source>Draw one seed anew</source>
        <translation>Сменить одно зерно</translation>
    </message>
    <message>
        <source>New idea</source>
        <translation>Новая идея</translation>
    </message>
    <message>
        <source>New rendering</source>
        <translation>Новое исполнение</translation>
    </message>
    <message>
        <source>{model} has no ideas: it draws straight from the words. These have: {others}.</source>
        <translation>{model} рисует прямо по словам, без идей. С идеями: {others}.</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Остановить</translation>
    </message>
    <message>
        <source>New ones</source>
        <translation>Другие</translation>
    </message>
    <message>
        <source>Preview ideas</source>
        <translation>Показать идеи</translation>
    </message>
    <message>
        <source>Each has another idea; the rendering seed is the same.</source>
        <translation>У каждого своя идея; зерно исполнения одно.</translation>
    </message>
    <message>
        <source>The first is the one you chose, the others are near it.</source>
        <translation>Первый — тот, что вы выбрали, остальные рядом с ним.</translation>
    </message>
    <message>
        <source>One idea; each has another rendering seed.</source>
        <translation>Идея одна; у каждого своё зерно исполнения.</translation>
    </message>
    <message>
        <source>The next pictures have this idea, whatever the words are.</source>
        <translation>У следующих картин будет эта идея, каковы бы ни были слова.</translation>
    </message>
    <message>
        <source>The next pictures have the idea of this seed and of the words.</source>
        <translation>У следующих картин будет идея этого зерна и этих слов.</translation>
    </message>
    <message>
        <source>Draft {number}: idea seed {idea}, rendering seed {seed}</source>
        <translation>Набросок {number}: зерно идеи {idea}, зерно исполнения {seed}</translation>
    </message>
</context>
<context>
    <name>DriftForm</name>
    <message>
        <source>Take a picture, say where it should go, and pull: at 0 it is itself, at 100 it is what the words say, below 0 it goes the other way. Where you let go, the whole picture is made and kept.</source>
        <translation>Возьмите картину, скажите словами, куда её вести, и тяните: на 0 она остаётся собой, на 100 становится тем, что сказано, ниже 0 уходит в другую сторону. Где отпустите, там картина будет сделана целиком и сохранена.</translation>
    </message>
    <message>
        <source>Take what is shown</source>
        <translation>Взять то, что видно</translation>
    </message>
    <message>
        <source>The layer</source>
        <translation>Слой</translation>
    </message>
    <message>
        <source>The selection</source>
        <translation>Выделение</translation>
    </message>
    <message>
        <source>Picture…</source>
        <translation>Картина…</translation>
    </message>
    <message>
        <source>Where to, such as “a yellow star”</source>
        <translation>Куда, например «жёлтая звезда»</translation>
    </message>
    <message>
        <source>Words that it drifts towards</source>
        <translation>Слова, к которым она дрейфует</translation>
    </message>
    <message>
        <source>Drift</source>
        <translation>Дрейф</translation>
    </message>
    <message>
        <source>From the picture’s own idea to that of the words; below 0 away from them.</source>
        <translation>От собственной идеи картины к идее слов; ниже 0 — прочь от них.</translation>
    </message>
    <message>
        <source>The picture follows the slider.</source>
        <translation>Картина следует за ползунком.</translation>
    </message>
    <message>
        <source>Picture of the drift</source>
        <translation>Картина дрейфа</translation>
    </message>
    <message>
        <source>Keep the composition</source>
        <translation>Сохранять композицию</translation>
    </message>
    <message>
        <source>Drawing starts from the picture, so that things stay where they are and only what they are changes</source>
        <translation>Рисование начинается с картины: всё остаётся на местах, меняется только то, что там изображено</translation>
    </message>
    <message>
        <source>Drawn anew</source>
        <translation>Рисуется заново</translation>
    </message>
    <message>
        <source>How much of the picture may change; at 100 % nothing of it is left.</source>
        <translation>Какая часть картины может измениться; при 100 % от неё ничего не остаётся.</translation>
    </message>
    <message>
        <source>{model} can’t mix ideas. These can: {others}.</source>
        <translation>{model} не умеет смешивать идеи. Умеют: {others}.</translation>
    </message>
    <message>
        <source>Draft</source>
        <translation>Набросок</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Картины</translation>
    </message>
    <message>
        <source>Let a picture drift</source>
        <translation>Какая картина дрейфует</translation>
    </message>
</context>
<context>
    <name>StyleForm</name>
    <message>
        <source>A style is what a handful of pictures have in common. It is added to whatever you make next: a picture of words, of a picture, or a mix.</source>
        <translation>Стиль — это общее у нескольких картин. Он добавляется ко всему, что вы сделаете дальше: к картине по словам, по картине или к смеси.</translation>
    </message>
    <message>
        <source>Styles</source>
        <translation>Стили</translation>
    </message>
    <message>
        <source>A new style</source>
        <translation>Новый стиль</translation>
    </message>
    <message>
        <source>There is no style yet: make one below.</source>
        <translation>Стилей ещё нет: сделайте первый ниже.</translation>
    </message>
    <message>
        <source>Drop {fewest} to {most} pictures here that have nothing in common but their style.</source>
        <translation>Перетащите сюда от {fewest} до {most} картин, у которых нет ничего общего, кроме стиля.</translation>
    </message>
    <message>
        <source>Marked in the gallery</source>
        <translation>Отмеченные в галерее</translation>
    </message>
    <message>
        <source>The layer</source>
        <translation>Слой</translation>
    </message>
    <message>
        <source>Pictures…</source>
        <translation>Картины…</translation>
    </message>
    <message>
        <source>Name of the style</source>
        <translation>Название стиля</translation>
    </message>
    <message>
        <source>Making the style</source>
        <translation>Стиль делается</translation>
    </message>
    <message>
        <source>{model} has no ideas that a style could be added to. These have: {others}.</source>
        <translation>{model} рисует без идей, стиль добавить не к чему. С идеями: {others}.</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Остановить</translation>
    </message>
    <message>
        <source>Make the style</source>
        <translation>Сделать стиль</translation>
    </message>
    <message>
        <source>{name}: click to take it out</source>
        <translation>{name}: щёлкните, чтобы убрать</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Картины</translation>
    </message>
    <message>
        <source>Pictures of one style</source>
        <translation>Картины одного стиля</translation>
    </message>
    <message>
        <source>Style</source>
        <translation>Стиль</translation>
    </message>
    <message>
        <source>{name}: made with a model that sees pictures differently</source>
        <translation>{name}: сделан с моделью, которая видит картины иначе</translation>
    </message>
</context>
<context>
    <name>StyleRow</name>
    <message>
        <source>Strength</source>
        <translation>Сила</translation>
    </message>
    <message>
        <source>Apply it no more</source>
        <translation>Больше не применять</translation>
    </message>
    <message>
        <source>How much of the style is added; below 0 it leads away from it. A double click gives 100 %.</source>
        <translation>Сколько стиля добавлять; ниже 0 он уводит прочь. Двойной щелчок даёт 100 %.</translation>
    </message>
    <message>
        <source>Of another model</source>
        <translation>Другой модели</translation>
    </message>
    <message>
        <source>This style was made with a model that sees pictures differently, so it is not applied.</source>
        <translation>Этот стиль сделан с моделью, которая видит картины иначе, поэтому он не применяется.</translation>
    </message>
</context>
<context>
    <name>StyleShelf</name>
    <message>
        <source>Rename the style</source>
        <translation>Переименовать стиль</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Название</translation>
    </message>
    <message>
        <source>Apply it</source>
        <translation>Применить</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Переименовать…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Удалить</translation>
    </message>
</context>
<context>
    <name>Drift</name>
    <message>
        <source>Candidate</source>
        <translation>Вариант</translation>
    </message>
    <message>
        <source>Canvas</source>
        <translation>Холст</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Картина</translation>
    </message>
</context>
<context>
    <name>DeliveryView</name>
    <message>
        <source>Files</source>
        <translation>Файлы</translation>
    </message>
    <message>
        <source>Waits until the other model is here.</source>
        <translation>Ждёт, пока загрузится другая модель.</translation>
    </message>
    <message>
        <source>Asking what there is…</source>
        <translation>Узнаёт, что есть…</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Приостановлено</translation>
    </message>
    <message>
        <source>{done} of {total}</source>
        <translation>{done} из {total}</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>приостановлено</translation>
    </message>
    <message>
        <source>tries again in {seconds} s</source>
        <translation>новая попытка через {seconds} с</translation>
    </message>
    <message>
        <source>looking at what is here already</source>
        <translation>смотрит, что уже есть</translation>
    </message>
    <message>
        <source>{speed} a second</source>
        <translation>{speed} в секунду</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>осталось {time}</translation>
    </message>
</context>
<context>
    <name>FileList</name>
    <message>
        <source>{done} of {total}</source>
        <translation>{done} из {total}</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>ожидает</translation>
    </message>
    <message>
        <source>begun</source>
        <translation>начат</translation>
    </message>
    <message>
        <source>coming</source>
        <translation>загружается</translation>
    </message>
    <message>
        <source>being checked</source>
        <translation>проверяется</translation>
    </message>
    <message>
        <source>was damaged, comes again</source>
        <translation>был повреждён, загружается снова</translation>
    </message>
    <message>
        <source>here and checked</source>
        <translation>получен и проверен</translation>
    </message>
</context>
<context>
    <name>ModelCard</name>
    <message>
        <source>Pause</source>
        <translation>Пауза</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Отменить</translation>
    </message>
    <message>
        <source>Use it</source>
        <translation>Выбрать</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Ещё</translation>
    </message>
    <message>
        <source>Check the files</source>
        <translation>Проверить файлы</translation>
    </message>
    <message>
        <source>Make the files half as large</source>
        <translation>Уменьшить файлы вдвое</translation>
    </message>
    <message>
        <source>Keeps the weights in half precision, which is what graphics cards draw in.</source>
        <translation>Хранит веса с половинной точностью — с ней видеокарты и рисуют.</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Удалить…</translation>
    </message>
    <message>
        <source>{memory} of memory</source>
        <translation>{memory} памяти</translation>
    </message>
    <message>
        <source>runs on your graphics card, about {time} a picture</source>
        <translation>работает на вашей видеокарте, около {time} на картину</translation>
    </message>
    <message>
        <source>runs on your graphics card with parts of it waiting in the main memory</source>
        <translation>работает на вашей видеокарте, часть модели ждёт в основной памяти</translation>
    </message>
    <message>
        <source>runs on your processor, about {time} a picture</source>
        <translation>работает на вашем процессоре, около {time} на картину</translation>
    </message>
    <message>
        <source>this computer has too little memory for it</source>
        <translation>на этом компьютере для неё мало памяти</translation>
    </message>
    <message>
        <source>licence {licence}</source>
        <translation>лицензия {licence}</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Готова</translation>
    </message>
    <message>
        <source>Go on, {size} left</source>
        <translation>Продолжить, осталось {size}</translation>
    </message>
    <message>
        <source>Get it, {size}</source>
        <translation>Получить, {size}</translation>
    </message>
    <message>
        <source>On this computer, {size}</source>
        <translation>На этом компьютере, {size}</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>На этом компьютере</translation>
    </message>
    <message>
        <source>Not on this computer</source>
        <translation>Нет на этом компьютере</translation>
    </message>
    <message>
        <source>A newer edition is listed. This one stays until that is here, and can be used.</source>
        <translation>Есть более новое издание. Пока оно не получено целиком, остаётся и работает нынешнее.</translation>
    </message>
    <message>
        <source>Update, {size}</source>
        <translation>Обновить, {size}</translation>
    </message>
</context>
<context>
    <name>ModelsDialog</name>
    <message>
        <source>Models</source>
        <translation>Модели</translation>
    </message>
    <message>
        <source>Kept in</source>
        <translation>Хранятся в</translation>
    </message>
    <message>
        <source>Folder of the models</source>
        <translation>Папка моделей</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Открыть</translation>
    </message>
    <message>
        <source>Move…</source>
        <translation>Перенести…</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Импортировать…</translation>
    </message>
    <message>
        <source>From a folder, a memory stick, another program's cache or a browser's downloads.</source>
        <translation>Из папки, с флешки, из кэша другой программы или из загрузок браузера.</translation>
    </message>
    <message>
        <source>Downloads are allowed</source>
        <translation>Загрузки разрешены</translation>
    </message>
    <message>
        <source>Only what you ask for is fetched, and nothing else ever goes to the network.</source>
        <translation>Загружается только то, что вы попросите; больше ничего в сеть не уходит.</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Остановить</translation>
    </message>
    <message>
        <source>Weights that other programs fetched with the Hugging Face libraries are found where they are, in {folder}; a model anywhere else can be opened.</source>
        <translation>Веса, загруженные другими программами через библиотеки Hugging Face, находятся на своём месте, в {folder}; модель из любого другого места можно открыть.</translation>
    </message>
    <message>
        <source>Open a model folder…</source>
        <translation>Открыть папку модели…</translation>
    </message>
    <message>
        <source>{used} used, {free} free on this disk</source>
        <translation>занято {used}, на диске свободно {free}</translation>
    </message>
    <message>
        <source>Keep the models in</source>
        <translation>Хранить модели в</translation>
    </message>
    <message>
        <source>Import models from</source>
        <translation>Импортировать модели из</translation>
    </message>
    <message>
        <source>There are no weights in this folder that the program knows.</source>
        <translation>В этой папке нет весов, которые знает программа.</translation>
    </message>
    <message>
        <source>Import models</source>
        <translation>Импорт моделей</translation>
    </message>
    <message>
        <source>Copy {size} of weights?</source>
        <translation>Скопировать {size} весов?</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Скопировать</translation>
    </message>
    <message>
        <source>Copied. Some parts are not whole yet; they lack these files:</source>
        <translation>Скопировано. Некоторым частям ещё не хватает файлов:</translation>
    </message>
    <message>
        <source>All files of {model} are as they were published.</source>
        <translation>Все файлы «{model}» такие, какими были опубликованы.</translation>
    </message>
    <message>
        <source>Some files of {model} are damaged or missing. Get it again: only these are fetched.</source>
        <translation>Некоторые файлы «{model}» повреждены или отсутствуют. Получите модель ещё раз: загрузятся только они.</translation>
    </message>
    <message>
        <source>{size} of the disk are free again.</source>
        <translation>На диске освободилось {size}.</translation>
    </message>
    <message>
        <source>These files are as small as they get.</source>
        <translation>Меньше эти файлы уже не станут.</translation>
    </message>
    <message>
        <source>Remove a model</source>
        <translation>Удаление модели</translation>
    </message>
    <message>
        <source>Delete the files of {model}?</source>
        <translation>Удалить файлы «{model}»?</translation>
    </message>
    <message>
        <source>Your pictures stay. To use the model again, it has to be fetched again.</source>
        <translation>Ваши картины останутся. Чтобы снова пользоваться моделью, её придётся загрузить заново.</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Удалить</translation>
    </message>
    <message>
        <source>Reading the files…</source>
        <translation>Читает файлы…</translation>
    </message>
    <message>
        <source>Making the files smaller…</source>
        <translation>Уменьшает файлы…</translation>
    </message>
    <message>
        <source>Copying…</source>
        <translation>Копирует…</translation>
    </message>
    <message>
        <source>Moving…</source>
        <translation>Переносит…</translation>
    </message>
    <message>
        <source>Deleting…</source>
        <translation>Удаляет…</translation>
    </message>
    <message>
        <source>Use the card…</source>
        <translation>Использовать карту…</translation>
    </message>
    <message>
        <source>{card} is not used yet: pictures are made on the processor.</source>
        <translation>{card} пока не используется: картины создаются на процессоре.</translation>
    </message>
    <message>
        <source>Look for updates</source>
        <translation>Проверить обновления</translation>
    </message>
    <message>
        <source>Asks the Hub whether it has newer editions of what is here, and nothing else.</source>
        <translation>Спрашивает Hub, нет ли более новых изданий того, что есть здесь, — и ничего больше.</translation>
    </message>
    <message>
        <source>There are newer editions of: {models}.</source>
        <translation>Есть более новые издания: {models}.</translation>
    </message>
    <message>
        <source>What is here is the newest there is.</source>
        <translation>То, что есть здесь, — самое новое.</translation>
    </message>
    <message>
        <source>Asking for newer editions…</source>
        <translation>Спрашивает о новых изданиях…</translation>
    </message>
    <message>
        <source>What is in this folder is of no use without these files:</source>
        <translation>То, что лежит в этой папке, бесполезно без этих файлов:</translation>
    </message>
</context>
<context>
    <name>Ideas</name>
    <message>
        <source>A pinned idea is used in place of the words.</source>
        <translation>Вместо слов берётся закреплённая идея.</translation>
    </message>
    <message>
        <source>Use the words</source>
        <translation>Взять слова</translation>
    </message>
</context>
<context>
    <name>WelcomePage</name>
    <message>
        <source>Welcome to Kandinsky Studio</source>
        <translation>Добро пожаловать в Kandinsky Studio</translation>
    </message>
    <message>
        <source>A canvas for the Kandinsky models: describe pictures, paint over them, change parts of them, mix them. All of it happens on this computer.</source>
        <translation>Холст для моделей Kandinsky: описывайте картины, рисуйте поверх, меняйте их части, смешивайте. Всё происходит на этом компьютере.</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Язык</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Тема</translation>
    </message>
    <message>
        <source>Skip this page</source>
        <translation>Пропустить</translation>
    </message>
    <message>
        <source>It does not come again by itself; the Help menu has it.</source>
        <translation>Сама она больше не появится; она есть в меню «Справка».</translation>
    </message>
    <message>
        <source>Ready now: the built-in model</source>
        <translation>Готова сразу: встроенная модель</translation>
    </message>
    <message>
        <source>It knows flat shapes and plain colours only, and is quick on any computer: enough to try everything.</source>
        <translation>Она знает только плоские фигуры и простые цвета, зато быстра на любом компьютере: хватит, чтобы попробовать всё.</translation>
    </message>
    <message>
        <source>Make a first picture</source>
        <translation>Создайте первую картину</translation>
    </message>
    <message>
        <source>Take the tour</source>
        <translation>Пройти обзор</translation>
    </message>
    <message>
        <source>Open the sample</source>
        <translation>Открыть образец</translation>
    </message>
    <message>
        <source>Real pictures</source>
        <translation>Настоящие картины</translation>
    </message>
    <message>
        <source>Each of these is fetched once, when you ask for it, and needs no network from then on.</source>
        <translation>Каждая загружается один раз, когда вы попросите, и дальше сеть ей не нужна.</translation>
    </message>
</context>
<context>
    <name>WelcomeDeeds</name>
    <message>
        <source>a green star on a blue background</source>
        <translation>зелёная звезда на синем фоне</translation>
    </message>
    <message>
        <source>Ground</source>
        <translation>Фон</translation>
    </message>
    <message>
        <source>Circle</source>
        <translation>Круг</translation>
    </message>
    <message>
        <source>Triangle</source>
        <translation>Треугольник</translation>
    </message>
    <message>
        <source>The sample: Fill draws the red part anew, and Mix has both pictures ready.</source>
        <translation>Образец: «Заполнить» нарисует красное заново, а в «Смеси» готовы обе картины.</translation>
    </message>
</context>
<context>
    <name>TourBubble</name>
    <message>
        <source>Back</source>
        <translation>Назад</translation>
    </message>
    <message>
        <source>End the tour</source>
        <translation>Закончить обзор</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Готово</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Дальше</translation>
    </message>
    <message>
        <source>Step {number} of {count}</source>
        <translation>Шаг {number} из {count}</translation>
    </message>
</context>
<context>
    <name>tour</name>
    <message>
        <source>Describe a picture</source>
        <translation>Опишите картину</translation>
    </message>
    <message>
        <source>Say here what is to be seen, such as: a green star on a white background.</source>
        <translation>Напишите здесь, что должно быть видно, например: зелёная звезда на белом фоне.</translation>
    </message>
    <message>
        <source>Make it</source>
        <translation>Создайте её</translation>
    </message>
    <message>
        <source>This button ({key}) always says what it will do. The picture comes in the middle, and the gallery keeps it.</source>
        <translation>Эта кнопка ({key}) всегда говорит, что она сделает. Картина появится посередине, а галерея её сохранит.</translation>
    </message>
    <message>
        <source>Take it to the canvas</source>
        <translation>Перенесите её на холст</translation>
    </message>
    <message>
        <source>“Paint on it” opens the picture as a document with layers. A double click does, too.</source>
        <translation>«Рисовать поверх» открывает картину как документ со слоями. Двойной щелчок — тоже.</translation>
    </message>
    <message>
        <source>Paint a mask</source>
        <translation>Нарисуйте маску</translation>
    </message>
    <message>
        <source>Take the mask brush and paint over the part that is to change. The red is no paint.</source>
        <translation>Возьмите кисть маски и закрасьте то, что должно измениться. Красное — это не краска.</translation>
    </message>
    <message>
        <source>Fill it</source>
        <translation>Заполните её</translation>
    </message>
    <message>
        <source>Write what is to be there instead, then press Fill. Outside the mask nothing changes. Below the canvas you keep what came, or drop it.</source>
        <translation>Напишите, что должно быть там вместо этого, и нажмите «Заполнить». Вне маски ничего не изменится. Под холстом можно оставить то, что получилось, или убрать.</translation>
    </message>
    <message>
        <source>Mix pictures</source>
        <translation>Смешайте картины</translation>
    </message>
    <message>
        <source>Drag two pictures from the gallery into this panel. What you make then lies between them.</source>
        <translation>Перетащите на эту панель две картины из галереи. То, что вы создадите, будет чем-то между ними.</translation>
    </message>
    <message>
        <source>Find everything</source>
        <translation>Найдите что угодно</translation>
    </message>
    <message>
        <source>{key} finds every command by a few letters. The Help menu has all keys, a sample to play with, and this tour.</source>
        <translation>{key} находит любую команду по нескольким буквам. В меню «Справка» — все клавиши, образец для проб и этот обзор.</translation>
    </message>
    <message>
        <source>There is no document in front yet: go a step back and open a picture.</source>
        <translation>Документа пока нет: вернитесь на шаг назад и откройте картину.</translation>
    </message>
    <message>
        <source>It can’t be seen now: “Put the panels back” in the View menu brings it back.</source>
        <translation>Сейчас этого не видно: вернёт «Вернуть панели на место» в меню «Вид».</translation>
    </message>
</context>
<context>
    <name>PictureBar</name>
    <message>
        <source>Paint on it</source>
        <translation>Рисовать поверх</translation>
    </message>
    <message>
        <source>Add to the mix</source>
        <translation>В смесь</translation>
    </message>
</context>
<context>
    <name>PackCard</name>
    <message>
        <source>Use it</source>
        <translation>Использовать</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Удалить…</translation>
    </message>
    <message>
        <source>For NVIDIA graphics cards: {name}</source>
        <translation>Для видеокарт NVIDIA: {name}</translation>
    </message>
    <message>
        <source>For the processor</source>
        <translation>Для процессора</translation>
    </message>
    <message>
        <source>came with the program</source>
        <translation>входит в программу</translation>
    </message>
    <message>
        <source>The driver of your card is older than {driver}, which this needs.</source>
        <translation>Драйвер вашей карты старше, чем {driver}, который здесь нужен.</translation>
    </message>
    <message>
        <source>Your card is older than those it is for.</source>
        <translation>Ваша карта старше тех, для которых он сделан.</translation>
    </message>
    <message>
        <source>Your card is newer than those it is for.</source>
        <translation>Ваша карта новее тех, для которых он сделан.</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>Используется</translation>
    </message>
    <message>
        <source>In use until the program ends</source>
        <translation>Используется до выхода из программы</translation>
    </message>
    <message>
        <source>Used from the next start on</source>
        <translation>Будет использоваться со следующего запуска</translation>
    </message>
    <message>
        <source>Not on this computer</source>
        <translation>Нет на этом компьютере</translation>
    </message>
    <message>
        <source>Go on, {size} left</source>
        <translation>Продолжить, осталось {size}</translation>
    </message>
    <message>
        <source>Get it, {size}</source>
        <translation>Скачать, {size}</translation>
    </message>
    <message>
        <source>It is in use; choose another one and start the program again.</source>
        <translation>Он используется; выберите другой и запустите программу заново.</translation>
    </message>
</context>
<context>
    <name>RuntimesDialog</name>
    <message>
        <source>Graphics card and PyTorch</source>
        <translation>Видеокарта и PyTorch</translation>
    </message>
    <message>
        <source>Install from a file…</source>
        <translation>Установить из файла…</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Остановить</translation>
    </message>
    <message>
        <source>Looking for a graphics card…</source>
        <translation>Ищу видеокарту…</translation>
    </message>
    <message>
        <source>There is an NVIDIA card, but its driver is missing or does not answer.</source>
        <translation>Карта NVIDIA есть, но её драйвер отсутствует или не отвечает.</translation>
    </message>
    <message>
        <source>{card}, {memory}, driver {driver}</source>
        <translation>{card}, {memory}, драйвер {driver}</translation>
    </message>
    <message>
        <source>Install the driver of the card, then start the program again.</source>
        <translation>Установите драйвер карты и запустите программу заново.</translation>
    </message>
    <message>
        <source>Its driver is too old for every pack. Update the driver, then start the program again.</source>
        <translation>Её драйвер слишком стар для всех пакетов. Обновите драйвер и запустите программу заново.</translation>
    </message>
    <message>
        <source>The pack {name} fits it. Pictures come many times faster with it.</source>
        <translation>Для неё подходит пакет {name}. С ним картины создаются во много раз быстрее.</translation>
    </message>
    <message>
        <source>Start the program again to compute with the pack you chose.</source>
        <translation>Запустите программу заново, чтобы вычислять с выбранным пакетом.</translation>
    </message>
    <message>
        <source>This build lists no packs to download; install one from a file.</source>
        <translation>В этой сборке не указано пакетов для загрузки; установите пакет из файла.</translation>
    </message>
    <message>
        <source>Fetching…</source>
        <translation>Скачиваю…</translation>
    </message>
    <message>
        <source>Unpacking…</source>
        <translation>Распаковываю…</translation>
    </message>
    <message>
        <source>Trying it out…</source>
        <translation>Проверяю в деле…</translation>
    </message>
    <message>
        <source>Deleting…</source>
        <translation>Удаляю…</translation>
    </message>
    <message>
        <source>{done} of {total}</source>
        <translation>{done} из {total}</translation>
    </message>
    <message>
        <source>Runtime packs</source>
        <translation>Пакеты вычислений</translation>
    </message>
    <message>
        <source>Install a runtime pack</source>
        <translation>Установить пакет вычислений</translation>
    </message>
    <message>
        <source>Remove a runtime pack</source>
        <translation>Удалить пакет вычислений</translation>
    </message>
    <message>
        <source>Delete the pack {name}?</source>
        <translation>Удалить пакет {name}?</translation>
    </message>
    <message>
        <source>To use it again, it has to be installed again.</source>
        <translation>Чтобы снова им пользоваться, его придётся установить заново.</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Удалить</translation>
    </message>
    <message>
        <source>It is older than the cards that PyTorch computes on.</source>
        <translation>Она старше тех карт, на которых вычисляет PyTorch.</translation>
    </message>
    <message>
        <source>Pictures are made with PyTorch {version} of the Python environment.</source>
        <translation>Картины создаются с PyTorch {version} из окружения Python.</translation>
    </message>
    <message>
        <source>No NVIDIA graphics card was found.</source>
        <translation>Видеокарта NVIDIA не найдена.</translation>
    </message>
    <message>
        <source>Nothing has to be installed here. The program was started from its source and takes the PyTorch that was installed with it; the packs that this window is for belong to the installed program.</source>
        <translation>Устанавливать здесь ничего не нужно. Программа запущена из исходного кода и берёт PyTorch, установленный вместе с ней; пакеты, для которых сделано это окно, относятся к установленной программе.</translation>
    </message>
    <message>
        <source>No card is needed: the built-in model is quick on every processor, the large models take minutes for a picture.</source>
        <translation>Видеокарта не обязательна: встроенная модель быстра на любом процессоре, большим моделям нужны минуты на картину.</translation>
    </message>
    <message>
        <source>If the status bar says that pictures are made on the processor all the same, install the build of PyTorch for your card into that environment; pytorch.org tells how.</source>
        <translation>Если строка состояния всё же сообщает, что картины создаются на процессоре, установите в это окружение сборку PyTorch для вашей видеокарты; как это сделать, сказано на pytorch.org.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Закрыть</translation>
    </message>
    <message>
        <source>Pictures are made on the graphics card.</source>
        <translation>Картины создаются на видеокарте.</translation>
    </message>
    <message>
        <source>Pictures are made on the processor.</source>
        <translation>Картины создаются на процессоре.</translation>
    </message>
    <message>
        <source>There is no PyTorch to make pictures with.</source>
        <translation>Нет PyTorch, с которым создавались бы картины.</translation>
    </message>
    <message>
        <source>Packs for cards make pictures many times faster, and need such a card. Without one there is nothing to do here.</source>
        <translation>Пакеты для видеокарт ускоряют создание картин во много раз, но им нужна такая видеокарта. Без неё здесь ничего делать не нужно.</translation>
    </message>
</context>
<context>
    <name>UpdatesDialog</name>
    <message>
        <source>Look for a new version</source>
        <translation>Новая версия</translation>
    </message>
    <message>
        <source>This is Kandinsky Studio {version}. The program looks for a newer one only when you ask for it here, and fetches nothing but the news of it: what you install, and when, is up to you.</source>
        <translation>Это Kandinsky Studio {version}. Программа узнаёт о новых версиях, только когда вы просите об этом здесь, и загружает лишь известие о них: что и когда устанавливать, решаете вы.</translation>
    </message>
    <message>
        <source>Open its page</source>
        <translation>Открыть страницу</translation>
    </message>
    <message>
        <source>Copy the checksums</source>
        <translation>Скопировать суммы</translation>
    </message>
    <message>
        <source>What is new</source>
        <translation>Что нового</translation>
    </message>
    <message>
        <source>SHA-256 of the files, to compare after the download</source>
        <translation>SHA-256 файлов, для сверки после загрузки</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Остановить</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>Узнать</translation>
    </message>
    <message>
        <source>Looking…</source>
        <translation>Узнаём…</translation>
    </message>
    <message>
        <source>Version {version} of {day} is there.</source>
        <translation>Вышла версия {version} от {day} года.</translation>
    </message>
    <message>
        <source>This is the newest version.</source>
        <translation>Это самая новая версия.</translation>
    </message>
    <message>
        <source>Address of the news</source>
        <translation>Адрес известий о версиях</translation>
    </message>
    <message>
        <source>This copy names none. Fill in the one you were given, or ask whoever gave you the program.</source>
        <translation>В этой копии адрес не указан. Впишите тот, что вам дали, или спросите у того, кто дал вам программу.</translation>
    </message>
</context>
</TS>
