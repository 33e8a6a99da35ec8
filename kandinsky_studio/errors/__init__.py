"""Every error a user can meet: what happened in one sentence, what to do in another.

    StudioError
    ├── Refusal
    │   ├── InvalidRequest
    │   │   ├── EmptyPrompt
    │   │   ├── PromptTooLong
    │   │   ├── SizeOutOfRange
    │   │   ├── ValueOutOfRange
    │   │   ├── UnknownModel
    │   │   ├── UnknownScheduler
    │   │   ├── UnsupportedTask
    │   │   ├── MissingInput
    │   │   ├── UnknownValue
    │   │   ├── WrongSize
    │   │   ├── WeightsCancelOut
    │   │   ├── UnusableArray
    │   │   ├── ArrayNotKept
    │   │   ├── OtherEncoder
    │   │   ├── IdeaOfAnotherModel
    │   │   ├── UnknownLayer
    │   │   ├── UnknownWildcard
    │   │   ├── WildcardsInACircle
    │   │   ├── LayersDiffer
    │   │   ├── NothingOnLayer
    │   │   ├── NothingSelected
    │   │   ├── TooFewForStyle
    │   │   └── NoIdea
    │   ├── SizeTooLarge
    │   ├── LayerLocked
    │   ├── NoLayer
    │   ├── NoPixels
    │   ├── NoMask
    │   └── NothingToMove
    ├── ModelNotFound
    │   └── BuiltinModelMissing
    ├── BrokenModel
    ├── OutOfMemory
    ├── EngineFailed
    ├── FolderNotWritable
    ├── DiskFull
    ├── TooLargeForPsd
    ├── BrokenPicture
    │   ├── DamagedPicture
    │   │   └── PictureCutShort
    │   ├── PictureTooLarge
    │   ├── FileTooLarge
    │   └── UnreadableVariant
    ├── UnknownFileKind
    ├── NoPictureHere
    │   └── OnlyAnAddress
    ├── FileNotReadable
    ├── NoVideo
    ├── FileMissing
    ├── NoRequestInPicture
    ├── BrokenPigment
    ├── BrokenStyle
    ├── BrokenStyles
    ├── BrokenKeymap
    ├── BrokenJob
    ├── QueueNotKept
    ├── NewerFile
    │   └── NewerPreferences
    ├── TrashRefused
    ├── GoneFromTrash
    ├── NameTaken
    ├── NotKept
    ├── NotRecovered
    ├── DeliveryError
    │   ├── NoConnection
    │   ├── ConnectionLost
    │   ├── LoginPage
    │   ├── NotAHub
    │   ├── ProxyRefused
    │   ├── AccessDenied
    │   ├── TokenRefused
    │   ├── NotThere
    │   ├── TooManyRequests
    │   ├── HubFailed
    │   ├── WrongFile
    │   ├── NotEnoughRoom
    │   ├── DiskTooSimple
    │   └── NetworkOff
    ├── KeyStoreFailed
    ├── BrokenCatalogue
    ├── BrokenManifest
    ├── PackError
    │   ├── PackNotFound
    │   ├── BrokenPack
    │   ├── PackForAnotherSystem
    │   ├── PackForAnotherVersion
    │   ├── NotAPack
    │   ├── PackCutShort
    │   ├── PackDamaged
    │   ├── NoRoomForPack
    │   ├── PackLiesTooDeep
    │   ├── PackCheckFailed
    │   ├── PackInUse
    │   ├── PackBelongsToProgram
    │   ├── NoPacksOffered
    │   ├── RuntimeOfEnvironment
    │   └── NoRuntime
    ├── AlreadyRunning
    │   └── FilesHandedOver
    ├── NotAnswering
    ├── AnotherVersionRunning
    ├── RunningElsewhere
    ├── PortableNotWritable
    ├── NoNewsAddress
    ├── NewsNotReached
    ├── NoNews
    └── TrainingGateMissed

``Cancelled`` stands apart: the user asked for it, so it is shown to nobody.

A class holds its two sentences as templates, so that the window can translate them; the values travel
with the exception. To add an error: one class in the file it belongs to, a line
in the tree above and in the imports below, its two sentences in ``resources/i18n``.
"""

from kandinsky_studio.errors.base import (
    QT_TRANSLATE_NOOP,
    Cancelled,
    Refusal,
    StudioError,
)
from kandinsky_studio.errors.disk import (
    BrokenJob,
    BrokenKeymap,
    DiskFull,
    FileMissing,
    FileNotReadable,
    FolderNotWritable,
    GoneFromTrash,
    NameTaken,
    NewerFile,
    NewerPreferences,
    NotKept,
    NotRecovered,
    NoVideo,
    QueueNotKept,
    TooLargeForPsd,
    TrashRefused,
)
from kandinsky_studio.errors.documents import (
    LayerLocked,
    NoLayer,
    NoMask,
    NoPixels,
    NothingToMove,
    SizeTooLarge,
)
from kandinsky_studio.errors.mixing import (
    BrokenPigment,
    BrokenStyle,
    NoIdea,
    NothingOnLayer,
    NothingSelected,
    TooFewForStyle,
    UnknownLayer,
)
from kandinsky_studio.errors.models import (
    BrokenModel,
    BuiltinModelMissing,
    EngineFailed,
    ModelNotFound,
    OutOfMemory,
    TrainingGateMissed,
)
from kandinsky_studio.errors.pictures import (
    BrokenPicture,
    DamagedPicture,
    FileTooLarge,
    NoPictureHere,
    NoRequestInPicture,
    OnlyAnAddress,
    PictureCutShort,
    PictureTooLarge,
    UnknownFileKind,
    UnreadableVariant,
)
from kandinsky_studio.errors.requests import (
    ArrayNotKept,
    EmptyPrompt,
    IdeaOfAnotherModel,
    InvalidRequest,
    MissingInput,
    OtherEncoder,
    PromptTooLong,
    SizeOutOfRange,
    UnknownModel,
    UnknownScheduler,
    UnknownValue,
    UnsupportedTask,
    UnusableArray,
    ValueOutOfRange,
    WeightsCancelOut,
    WrongSize,
)
from kandinsky_studio.errors.runtimes import (
    BrokenPack,
    NoPacksOffered,
    NoRoomForPack,
    NoRuntime,
    NotAPack,
    PackBelongsToProgram,
    PackCheckFailed,
    PackCutShort,
    PackDamaged,
    PackError,
    PackForAnotherSystem,
    PackForAnotherVersion,
    PackInUse,
    PackLiesTooDeep,
    PackNotFound,
    RuntimeOfEnvironment,
)
from kandinsky_studio.errors.starting import (
    AlreadyRunning,
    AnotherVersionRunning,
    FilesHandedOver,
    NotAnswering,
    PortableNotWritable,
    RunningElsewhere,
)
from kandinsky_studio.errors.updates import (
    NewsNotReached,
    NoNews,
    NoNewsAddress,
)
from kandinsky_studio.errors.weights import (
    AccessDenied,
    BrokenCatalogue,
    BrokenManifest,
    ConnectionLost,
    DeliveryError,
    DiskTooSimple,
    HubFailed,
    KeyStoreFailed,
    LoginPage,
    NetworkOff,
    NoConnection,
    NotAHub,
    NotEnoughRoom,
    NotThere,
    ProxyRefused,
    TokenRefused,
    TooManyRequests,
    WrongFile,
)
from kandinsky_studio.errors.wording import (
    BrokenStyles,
    LayersDiffer,
    UnknownWildcard,
    WildcardsInACircle,
)

__all__ = [
    "QT_TRANSLATE_NOOP",
    "AccessDenied",
    "AlreadyRunning",
    "AnotherVersionRunning",
    "ArrayNotKept",
    "BrokenCatalogue",
    "BrokenJob",
    "BrokenKeymap",
    "BrokenManifest",
    "BrokenModel",
    "BrokenPack",
    "BrokenPicture",
    "BrokenPigment",
    "BrokenStyle",
    "BrokenStyles",
    "BuiltinModelMissing",
    "Cancelled",
    "ConnectionLost",
    "DamagedPicture",
    "DeliveryError",
    "DiskFull",
    "DiskTooSimple",
    "EmptyPrompt",
    "EngineFailed",
    "FileMissing",
    "FileNotReadable",
    "FileTooLarge",
    "FilesHandedOver",
    "FolderNotWritable",
    "GoneFromTrash",
    "HubFailed",
    "IdeaOfAnotherModel",
    "InvalidRequest",
    "KeyStoreFailed",
    "LayerLocked",
    "LayersDiffer",
    "LoginPage",
    "MissingInput",
    "ModelNotFound",
    "NameTaken",
    "NetworkOff",
    "NewerFile",
    "NewerPreferences",
    "NewsNotReached",
    "NoConnection",
    "NoIdea",
    "NoLayer",
    "NoMask",
    "NoNews",
    "NoNewsAddress",
    "NoPacksOffered",
    "NoPictureHere",
    "NoPixels",
    "NoRequestInPicture",
    "NoRoomForPack",
    "NoRuntime",
    "NoVideo",
    "NotAHub",
    "NotAPack",
    "NotAnswering",
    "NotEnoughRoom",
    "NotKept",
    "NotRecovered",
    "NotThere",
    "NothingOnLayer",
    "NothingSelected",
    "NothingToMove",
    "OnlyAnAddress",
    "OtherEncoder",
    "OutOfMemory",
    "PackBelongsToProgram",
    "PackCheckFailed",
    "PackCutShort",
    "PackDamaged",
    "PackError",
    "PackForAnotherSystem",
    "PackForAnotherVersion",
    "PackInUse",
    "PackLiesTooDeep",
    "PackNotFound",
    "PictureCutShort",
    "PictureTooLarge",
    "PortableNotWritable",
    "PromptTooLong",
    "ProxyRefused",
    "QueueNotKept",
    "Refusal",
    "RunningElsewhere",
    "RuntimeOfEnvironment",
    "SizeOutOfRange",
    "SizeTooLarge",
    "StudioError",
    "TokenRefused",
    "TooFewForStyle",
    "TooLargeForPsd",
    "TooManyRequests",
    "TrainingGateMissed",
    "TrashRefused",
    "UnknownFileKind",
    "UnknownLayer",
    "UnknownModel",
    "UnknownScheduler",
    "UnknownValue",
    "UnknownWildcard",
    "UnreadableVariant",
    "UnsupportedTask",
    "UnusableArray",
    "ValueOutOfRange",
    "WeightsCancelOut",
    "WildcardsInACircle",
    "WrongFile",
    "WrongSize",
]
