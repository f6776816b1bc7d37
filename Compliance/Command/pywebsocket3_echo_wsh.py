"""What pywebsocket3's standalone server loads for /pywebsocket3_echo: it finds handlers by their files' names."""

from pywebsocket3 import common


def web_socket_do_extra_handshake(request):
    # The first subprotocol that is asked for.
    if request.ws_requested_protocols:
        request.ws_protocol = request.ws_requested_protocols[0]


def web_socket_transfer_data(request):
    while (message := request.ws_stream.receive_message()) is not None:
        request.ws_stream.send_message(message, binary=isinstance(message, bytes))


def web_socket_passive_closing_handshake(request):
    return request.ws_close_code or common.STATUS_NORMAL_CLOSURE, request.ws_close_reason
