"""JupyterLab's settings for the course: make lab and the browser tests start it with this file."""

from pathlib import Path

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Sends each message of a kernel at once.

    Without this, TCP keeps a second small message back until the browser has acknowledged the
    first, which it does up to 40 ms later: a picture would follow its slider two or three screen
    refreshes too late.
    """

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c = get_config()  # noqa: F821 (Jupyter defines it)
c.ServerApp.kernel_websocket_connection_class = PromptConnection
# overrides.json beside this file: no question about news over the first page, pages of text are
# shown and not their source, and the list of files has its width for their names.
c.LabApp.app_settings_dir = str(Path(__file__).parent)
# The first page says where to begin; custom.css makes room for the names of the chapters.
c.LabApp.default_url = "/lab/tree/notebooks/00_start_here.md"
c.LabApp.custom_css = True
c.ServerApp.tornado_settings = {"static_custom_path": [str(Path(__file__).parent / "custom")]}
