"""What Oracle refuses for good, and in which words.

Source: Oracle Database Error Messages.
"""

from sqlalchemy.exc import DBAPIError

from services.oracle import error_code
from services.telephony.register.statements import COLUMNS, RegisterRow

#: Our own: the row was there and is not any more, or its key belongs to another row now.
ROW_GONE = "row_gone"
#: Our own: somebody changed the row at the same moment.
ROW_CHANGED = "row_changed"
#: A unique value is taken, and it is not the key: waiting for its owner to go is over after so many attempts.
TRIES_OF_A_DUPLICATE = 5

_FOR_GOOD = {
    "ORA-12899",  # value too large for column
    "ORA-01401",  # inserted value too large for column
    "ORA-01461",  # can bind a LONG value only ...
    "ORA-01438",  # larger than the precision of the column
    "ORA-01400",  # cannot insert NULL
    "ORA-01407",  # cannot update to NULL
    "ORA-02290",  # check constraint
    "ORA-02291",  # parent key not found
    "ORA-02292",  # child record found
    "ORA-01722",  # invalid number
    "ORA-06502",  # numeric or value error, in a trigger
    "ORA-01843",  # dates
    "ORA-01847",
    "ORA-01858",
    "ORA-01861",
    "ORA-14400",  # no partition for the key
    "SQLITE_CONSTRAINT_CHECK",
    "SQLITE_CONSTRAINT_NOTNULL",
    "SQLITE_CONSTRAINT_FOREIGNKEY",
    "SQLITE_CONSTRAINT_TRIGGER",
    "SQLITE_CONSTRAINT_DATATYPE",
    "SQLITE_TOOBIG",
    "SQLITE_MISMATCH",
}
_LONGEST_TEXT = 400
_SHORTEST_VALUE = 3


def is_for_good(error: DBAPIError) -> bool:
    """Whether the same row would be refused again, whenever it is tried."""
    code = error_code(error) or ""
    # 20000 to 20999 are the words of triggers: somebody decided that such a row must not be.
    return code in _FOR_GOOD or code.startswith("ORA-20")


def words_of(error: DBAPIError, row: RegisterRow) -> str:
    """The first line of what Oracle says, without the values of `row`, which newer versions repeat."""
    line = next(iter(str(error.orig).splitlines()), "")
    values = {value for name in COLUMNS if isinstance(value := getattr(row, name), str)}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _SHORTEST_VALUE:
            line = line.replace(value, "…")
    return line[:_LONGEST_TEXT]
