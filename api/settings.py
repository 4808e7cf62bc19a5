"""Settings: read once from the environment (`HONGXIAN_...`), typed, handed down."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from leads.run.jobs.alert import check_address

PAGE = Path(__file__).parent / "web" / "dist"
"""Where the page is built to."""


def default_data() -> Path:
    """`$XDG_DATA_HOME/hongxian`, by default `~/.local/share/hongxian`: the same from any folder."""
    return _DataHome().xdg_data_home / "hongxian"


class _DataHome(BaseSettings):
    xdg_data_home: Path = Path("~/.local/share")


class Settings(BaseSettings):
    """What an installation decides; every default runs on a laptop."""

    model_config = SettingsConfigDict(
        env_prefix="HONGXIAN_",
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # URLs may hold passwords
    )

    data: Path = Field(default_factory=default_data)
    """Folder of the embedded store and of cached pictures."""
    store: str = ""
    """URL of the store, `sqlite:///FILE` or `postgresql://...`; empty: `hongxian.db` in `data`."""
    web: Path = PAGE
    """Folder of the built page."""
    session_hours: float = Field(default=12.0, gt=0, le=168)
    """How long a log-in holds: a working day."""
    pictures_mb: int = Field(default=512, ge=1)
    """Most that cached pictures of leads take on disk, in MB."""
    body_mb: float = Field(default=2.0, gt=0)
    """Largest request body in MB; an outline of 10,000 corners takes half of one."""

    passes: Path | None = None
    """Configuration of sources and watches; empty: `passes.toml` in `data`."""
    originals: str = ""
    """Where originals of flights are kept: a folder, or `s3://bucket/prefix` (credentials and
    endpoint from the usual AWS_ variables); empty: `originals` in `data`."""
    upload_gb: float = Field(default=40.0, gt=0)
    """Largest upload in GB."""
    quota_gb: float = Field(default=200.0, gt=0)
    """GB of uploads that one account may have here at once, finished ones included."""
    nodeodm: str = ""
    """Address of a NodeODM server that makes orthophotos of photos; empty: quick looks."""
    nodeodm_token: str = ""
    """Its token, where it asks for one."""
    keep_free_gb: float = Field(default=2.0, ge=0)
    """GB a run leaves free on the disk of the data folder: it stops before, to be resumed."""
    alert_url: str = ""
    """Where a failed run is told by an HTTP POST of JSON; empty: nowhere."""

    @field_validator("alert_url")
    @classmethod
    def _can_be_posted_to(cls, url: str) -> str:
        if url:
            check_address(url)
        return url

    @property
    def data_folder(self) -> Path:
        """`data` with `~` written out."""
        return self.data.expanduser().absolute()

    @property
    def passes_file(self) -> Path:
        """The configuration of passes."""
        return (self.passes or self.data_folder / "passes.toml").expanduser().absolute()

    @property
    def store_url(self) -> str:
        """URL of the store."""
        return self.store or f"sqlite:///{self.data_folder / 'hongxian.db'}"

    def make_data_folder(self) -> Path:
        """The data folder, made for this user alone where it is missing."""
        self.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.data_folder
