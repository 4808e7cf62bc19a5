"""Why a file is refused, in a pilot's words; the error's own line is kept beside as its detail."""

from collections.abc import Mapping

_REASONS = (
    (("inside an archive",), "压缩包里还有压缩包", "an archive inside the archive"),
    (("leads out of", "is a link"), "里面的文件名指向别处，不安全", "a name in it leads out of it"),
    (("is encrypted",), "有密码，请去掉密码", "with a password; pack it without"),
    (("packed by method",), "请用普通 ZIP 打包", "packed in an unusual way; use plain ZIP"),
    (("are called",), "里面有重名文件", "two files in it have the same name"),
    (("swells beyond", "members: at most", "table of members"), "解开后太大或文件太多",
     "unpacked it is too large, or too many files"),
    (("broken archive", "unreadable archive"), "压缩包损坏，请重新打包", "damaged; pack it again"),
    (("no place on earth",), "坐标不在地球上，坐标系给错了，请重新导出",
     "no place on Earth in its CRS; export it with the right one"),
    (("no crs", "no position", "local system", "placed only by"),
     "没有坐标系或位置，请带坐标系重新导出", "without CRS or position; export it with its CRS"),
    (("looks like", "fewer than three colours", "unlike types", "pixels of type"),
     "不是红绿蓝影像", "no image in red, green and blue"),
    (("shows nothing", "all of one colour"), "是空白的，请重新导出", "empty; export it again"),
    (("no drone sees so fine", "too coarse for"), "像元大小不对，请核对坐标系和比例",
     "pixels of an impossible size; check CRS and scale of the export"),
    (("an orthophoto has at least",), "太小", "too small"),
    (("claims", "too large", "are taken as one", "tile it first"), "太大，或写的尺寸不可能",
     "too large, or of an impossible size"),
    (("neither jpeg nor tiff", "not a readable", "whatever its name", "no tiff header"),
     "内容不是文件名所说的格式，或已损坏", "damaged, or not of the format that its name says"),
    (("damaged", "cut short", "decoded", "states no size", "cannot be read"),
     "文件损坏，读不出来", "damaged: it cannot be read"),
    (("limits of", "need more", "child process"), "读它要的内存或时间太多",
     "it takes too much memory or time to read"),
)  # fmt: skip
_OTHER = ("读不出来或不能用", "it cannot be read or used")


def why(detail: str) -> Mapping[str, str]:
    """The reason that an error's line tells, as {"zh": ..., "en": ...}."""
    low = detail.lower()
    for parts, zh, en in _REASONS:
        if any(part in low for part in parts):
            return {"zh": zh, "en": en}
    return {"zh": _OTHER[0], "en": _OTHER[1]}
