from tests.stub import stub, stub_server

__all__ = ["stub", "stub_server"]
