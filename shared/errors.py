"""Everything that can go wrong in the service, by name; contract.py gives each its status."""


class ServiceError(Exception):
    """Base of all errors that the service answers with; `code` is part of the HTTP contract."""

    code = "internal_error"
    message = "Something went wrong on our side."


class InvalidCustomerIdError(ServiceError):
    code = "invalid_customer_id"
    message = "A customer id is an integer from 1 to 4294967295."


class CustomerNotFoundError(ServiceError):
    code = "customer_not_found"
    message = "There is no customer with this id."


class RouteNotFoundError(ServiceError):
    code = "route_not_found"
    message = "There is nothing at this path."


class MethodNotAllowedError(ServiceError):
    code = "method_not_allowed"
    message = "This path answers GET and HEAD only."


class DataUnavailableError(ServiceError):
    """The database could not be asked, so nothing can be said about the customer."""

    code = "data_unavailable"
    message = "The data cannot be read right now; try again."


class OverloadedError(ServiceError):
    """More is asked than can be answered in time; nothing was looked up."""

    code = "overloaded"
    message = "Too many requests are waiting; try again."


class SettingsError(Exception):
    """An environment variable is missing or wrong; the message names it and says what it takes."""
