"""What Jupyter does when it saves a notebook of the book: `make` puts this into its environment.

JupyterLab writes into each notebook which Python opened it, which a reader has not changed and git should not show.
"""


def without_version(model: dict, **_) -> None:
    """Leave the version of Python out of a notebook that is about to be saved."""
    if model["type"] == "notebook":
        model["content"]["metadata"].get("language_info", {}).pop("version", None)


c.FileContentsManager.pre_save_hook = without_version  # noqa: F821, Jupyter's own
