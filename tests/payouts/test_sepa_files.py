"""Payment files against the schemas of ISO 20022, and answers of banks, the hostile ones too."""

import datetime as dt
import uuid
from importlib.resources import files

import pytest
from lxml import etree

from promises.kernel.money import Money
from promises.payouts.rails.answers import Balance, FileKind, LineKind
from promises.payouts.rails.base import (
    CannotList,
    Destination,
    PayoutRequest,
    RailAccount,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.run_files import RunHead, RunItem
from promises.payouts.rails.sepa.characters import bank_text
from promises.payouts.rails.sepa.iban import TEST_IBAN, iban_is_right
from promises.payouts.rails.sepa.rail import SepaMaker
from promises.payouts.rails.sepa.reading import LARGEST_BYTES, read_bank_file
from promises.payouts.rails.sepa.reasons import trouble_of
from promises.payouts.rails.sepa.writing import Payment, PaymentFile, write_payments
from promises.payouts.run_errors import FileNotReadable

OURS = "FI2112345600000785"
NOON = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
XMLNS = "urn:iso:std:iso:20022:tech:xsd:"


def head(**changes):
    asked = {
        "message_id": "RUN1",
        "created_at": NOON,
        "execute_on": dt.date(2026, 3, 3),
        "debtor_name": "Säästöpankki & Co",
        "debtor_iban": OURS,
    }
    return PaymentFile(**(asked | changes))


def payment(number=1, **changes):
    asked = {
        "mark": f"P{number}",
        "tracking_id": uuid.UUID(int=number, version=4),
        "amount": Money(1000 + number, "EUR"),
        "iban": OURS,
        "name": "Väinö Öljymäki",
        "note": "Hyvitys asiakaslupauksesta",
    }
    return Payment(**(asked | changes))


def schema(version):
    path = files("sepaxml") / "schemas" / f"pain.001.001.{version}.xsd"
    return etree.XMLSchema(etree.fromstring(path.read_bytes()))


@pytest.mark.parametrize("version", ["09", "03"])
@pytest.mark.parametrize("changes", [{}, {"debtor_bic": "NDEAFIHH", "service_id": "0012345678"}])
def test_payment_file_is_valid_by_the_schema(version, changes):
    made = write_payments(
        head(version=version, **changes), [payment(1), payment(2, note="", name="☃")]
    )
    schema(version).assertValid(etree.fromstring(made))


def test_payment_file_is_the_same_bytes_each_time_and_says_what_it_should():
    made = write_payments(head(), [payment(1), payment(2)])
    assert made == write_payments(head(), [payment(1), payment(2)])
    text = made.decode()
    assert "<Nm>Väinö Öljymäki</Nm>" in text and "<Nm>Säästöpankki + Co</Nm>" in text
    assert "<MsgId>RUN1</MsgId>" in text and "<BtchBookg>false</BtchBookg>" in text
    assert "<InstrId>P2</InstrId><EndToEndId>P2</EndToEndId>" in text
    assert "<NbOfTxs>2</NbOfTxs><CtrlSum>20.03</CtrlSum>" in text
    assert "PstlAdr" not in text


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Åke Öster-Ähtäri", "Åke Öster-Ähtäri"),
        ("a\u0308iti", "äiti"),
        ("José Müller-Łukasz & Søn", "Jose Muller-Lukasz + Son"),
        ("//x//y/", "x/y"),
        ("Иван\t\n☃", "...." + " ."),
        ("Großmann – “hei”", "Grossmann - 'hei'"),
        ("\u202eAn\u00adna\u200d x\u0323\u0301\x00", "Anna x"),
        ("e\u0301" * 69 + "e\u0301", "e" * 70),
    ],
)
def test_text_for_banks_keeps_nordic_letters_and_folds_the_rest(given, sent):
    assert bank_text(given, 70) == sent


def test_text_for_banks_is_cut():
    assert bank_text("ä" * 80, 70) == "ä" * 70


@pytest.mark.parametrize(
    ("iban", "right"),
    [
        ("FI21 1234 5600 0007 85", True),
        (TEST_IBAN, True),
        ("FI2112345600000786", False),
        ("FI21", False),
        ("1121123456000007", False),
        ("FI2112345600000ä85", False),
        ("FI21" + "1" * 40, False),
    ],
)
def test_check_digits_of_account_numbers(iban, right):
    assert iban_is_right(iban) is right


def status(body):
    return f"""<Document xmlns="{XMLNS}pain.002.001.10"><CstmrPmtStsRpt>
        <GrpHdr><MsgId>B1</MsgId></GrpHdr>{body}</CstmrPmtStsRpt></Document>""".encode()


def original(sts="", reason=""):
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    said = f"<GrpSts>{sts}</GrpSts>" if sts else ""
    return f"<OrgnlGrpInfAndSts><OrgnlMsgId>RUN1</OrgnlMsgId>{said}{why}</OrgnlGrpInfAndSts>"


def test_status_report_speaks_of_each_payment():
    told = read_bank_file(
        status(
            original("PART")
            + """<OrgnlPmtInfAndSts><OrgnlPmtInfId>RUN1</OrgnlPmtInfId>
            <TxInfAndSts><OrgnlEndToEndId>P1</OrgnlEndToEndId><TxSts>ACSP</TxSts></TxInfAndSts>
            <TxInfAndSts><OrgnlInstrId>P2</OrgnlInstrId><TxSts>RJCT</TxSts>
              <StsRsnInf><Rsn><Prtry>AC04</Prtry></Rsn></StsRsnInf>
              <OrgnlTxRef><Amt><InstdAmt Ccy="EUR">10.02</InstdAmt></Amt></OrgnlTxRef>
            </TxInfAndSts>
            <TxInfAndSts><OrgnlEndToEndId>P3</OrgnlEndToEndId><TxSts>NEW1</TxSts></TxInfAndSts>
            </OrgnlPmtInfAndSts>"""
        ),
        OURS.__eq__,
    )
    assert (told.kind, told.message_id, told.answers_to) == (FileKind.STATUS, "B1", "RUN1")
    assert told.whole is None
    assert [(one.kind, one.mark, one.reason, one.amount_minor) for one in told.lines] == [
        (LineKind.ACCEPTED, "P1", None, None),
        (LineKind.REJECTED, "P2", "AC04", 1002),
    ]


@pytest.mark.parametrize(
    ("body", "whole", "reason"),
    [
        (original("RJCT", "FF01"), LineKind.REJECTED, "FF01"),
        (original("RJCT", "DUPL"), LineKind.DUPLICATE, "DUPL"),
        (original("ACTC"), LineKind.ACCEPTED, None),
        (original("RCVD"), LineKind.RECEIVED, None),
        (
            original() + "<OrgnlPmtInfAndSts><PmtInfSts>ACCP</PmtInfSts></OrgnlPmtInfAndSts>",
            LineKind.ACCEPTED,
            None,
        ),
    ],
)
def test_status_report_speaks_of_the_whole_file(body, whole, reason):
    told = read_bank_file(status(body), OURS.__eq__)
    assert (told.whole, told.whole_reason, told.lines) == (whole, reason, ())


def entry(details, *, amount="10.01", way="DBIT", sts="<Cd>BOOK</Cd>", more=""):
    return f"""<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{more}
        <Sts>{sts}</Sts><NtryDtls>{details}</NtryDtls></Ntry>"""


def one_of(mark, inside=""):
    return f"<TxDtls><Refs><EndToEndId>{mark}</EndToEndId></Refs>{inside}</TxDtls>"


def statement(entries, *, kind="053", account=OURS, balances=""):
    name, part = ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    return f"""<Document xmlns="{XMLNS}camt.{kind}.001.08"><{name}>
        <GrpHdr><MsgId>S1</MsgId></GrpHdr><{part}><Id>day</Id><Acct><Id><IBAN>{account}</IBAN></Id></Acct>{balances}{entries}</{part}>
        </{name}></Document>""".encode()


def balance(code, amount, way="CRDT"):
    return f"""<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>
        <CdtDbtInd>{way}</CdtDbtInd></Bal>"""


def test_statement_tells_what_left_and_what_came_back():
    returned = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    own_amount = '<Amt Ccy="EUR">1.00</Amt>'
    inner = '<AmtDtls><TxAmt><Amt Ccy="EUR">2.00</Amt></TxAmt></AmtDtls>'
    told = read_bank_file(
        statement(
            entry(one_of("P1"), more="<AcctSvcrRef>A7</AcctSvcrRef>")
            + entry(one_of("P2", own_amount) + one_of("P3", inner) + one_of("P4"), amount="3.00")
            + entry(one_of("P5", returned), way="CRDT", sts="BOOK")
            + entry(one_of("P6"), way="CRDT", more="<RvslInd>true</RvslInd>")
            + entry(
                one_of("P7"),
                way="CRDT",
                more="<BkTxCd><Domn><Fmly><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>",
            )
            + entry(one_of("P8"), way="CRDT")
            + entry(one_of("P9"), sts="<Cd>PDNG</Cd>")
            + entry(one_of("P10"), more="<RvslInd>true</RvslInd>")
            + entry(one_of(""))
        ),
        OURS.__eq__,
    )
    assert [(one.kind.value, one.ref, one.mark, one.amount_minor) for one in told.lines] == [
        ("booked", "A7/1", "P1", 1001),
        ("booked", "day/2/1", "P2", 100),
        ("booked", "day/2/2", "P3", 200),
        ("booked", "day/2/3", "P4", None),
        ("returned", "day/3/1", "P5", 1001),
        ("returned", "day/4/1", "P6", 1001),
        ("returned", "day/5/1", "P7", 1001),
        ("unclear", "day/6/1", "P8", 1001),
        ("unclear", "day/8/1", "P10", 1001),
    ]
    assert told.lines[4].reason == "AC04"
    assert told.balances[0].gap_minor == 0


def test_statement_with_a_hole_shows_its_gap():
    told = read_bank_file(
        statement(
            entry(one_of("P1")),
            balances=balance("OPBD", "100.00") + balance("CLBD", "79.98") + balance("ITAV", "1.00"),
        ),
        OURS.__eq__,
    )
    assert told.balances == (Balance("day", 10000, -1001, 7998),)
    assert told.balances[0].gap_minor == -1001


def test_statement_may_be_overdrawn_and_open_with_the_day_before():
    told = read_bank_file(
        statement(
            entry(one_of("P1")),
            balances=balance("PRCD", "5.00") + balance("CLBD", "5.01", "DBIT") + "<Bal/>",
        ),
        OURS.__eq__,
    )
    assert told.balances[0].gap_minor == 0


def test_statement_of_another_account_gives_no_lines():
    told = read_bank_file(statement(entry(one_of("P1")), account="FI00", kind="054"), OURS.__eq__)
    assert (told.kind, told.accounts, told.lines) == (FileKind.NOTICE, set(), ())


def returns(body):
    return f"""<Document xmlns="{XMLNS}pacs.004.001.09"><PmtRtr><GrpHdr><MsgId>R1</MsgId></GrpHdr>
        {body}</PmtRtr></Document>""".encode()


def test_return_message_names_the_payments_that_came_back():
    told = read_bank_file(
        returns(
            """<TxInf><RtrId>T1</RtrId><OrgnlEndToEndId>P1</OrgnlEndToEndId>
            <RtrdIntrBkSttlmAmt Ccy="EUR">10.01</RtrdIntrBkSttlmAmt>
            <RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf>
            <TxInf><OrgnlInstrId>P2</OrgnlInstrId><RtrdInstdAmt Ccy="EUR">1</RtrdInstdAmt></TxInf>
            """
        ),
        OURS.__eq__,
    )
    assert [(one.ref, one.mark, one.amount_minor, one.reason) for one in told.lines] == [
        ("T1", "P1", 1001, "AC04"),
        ("tx-1", "P2", 100, None),
    ]


BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<Document><PmtRtr><GrpHdr><MsgId>&b;</MsgId></GrpHdr></PmtRtr></Document>"""
OUTSIDE = b"""<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<Document><PmtRtr><GrpHdr><MsgId>&x;</MsgId></GrpHdr></PmtRtr></Document>"""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<Document>",
        b"\xff\xfe\x00",
        BOMB,
        OUTSIDE,
        OUTSIDE.decode().encode("utf-16"),
        b"<Document><Other/></Document>",
        b"<Document>" + b"<a>" * 300 + b"</a>" * 300 + b"</Document>",
        b" " * (LARGEST_BYTES + 1),
        status("").replace(b"B1", b""),
        status(original()).replace(b"B1", b"B" * 36),
        status(original().replace("RUN1", "")),
        status("<!-- nothing -->"),
        statement(entry(one_of("P1"), amount="ten")),
        statement(entry(one_of("P1"), amount="1.001")),
        statement(entry(one_of("P1"), amount="-1")),
        statement(entry(one_of("P1"), amount="NaN")),
        statement(entry(one_of("P1"), amount="1E2")),
        statement(entry(one_of("P1"), amount="1E+999999")),
        statement(entry(one_of("P1"), amount="9" * 19)),
        statement(entry(one_of("P1"), amount="9" * 17)),
        statement(entry(one_of("P1"), amount="9" * 16) * 2),
        statement(entry(one_of("P1"), amount="Infinity")),
        statement(entry(one_of("P1"))).replace(b"EUR", b"EURO"),
    ],
)
def test_file_that_cannot_be_trusted_is_refused(content):
    with pytest.raises(FileNotReadable):
        read_bank_file(content, OURS.__eq__)


def test_reasons_of_banks_become_words_for_people():
    assert trouble_of("AC04") is Trouble.ACCOUNT_CLOSED
    assert trouble_of("AC01") is Trouble.DETAILS_WRONG
    assert trouble_of("AM04") is Trouble.NO_FUNDS
    assert trouble_of("MS03") is trouble_of(None) is Trouble.OTHER


def account(live=True, iban=OURS, **settings):
    return RailAccount(uuid.uuid4(), live, {"debtor_name": "Bank"} | settings, {"iban": iban})


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        (account(), ""),
        (account(version="03", silent_days="5"), ""),
        (account(iban="FI2112345600000786"), "iban"),
        (account(version="04"), "version"),
        (account(bic="ndea fihh"), ""),
        (account(bic="NDEAFIHHX"), "bic"),
        (account(silent_days="few"), "silent_days"),
        (None, "not set up"),
    ],
)
def test_settings_are_tested_without_asking_the_bank(found, detail):
    tested = SepaMaker().open(found).test()
    assert (tested.works, tested.detail) == (not detail, detail)


def test_rail_is_made_for_its_account():
    items = [
        RunItem(
            PayoutRequest(
                uuid.UUID(int=1),
                uuid.uuid4(),
                1500,
                "EUR",
                "key",
                destination=Destination(
                    uuid.uuid4(), "", {"iban": "FI21 1234 5600 0007 85", "name": "Aino"}
                ),
                description="Hyvitys",
            ),
            "P1",
            uuid.UUID(int=2, version=4),
        )
    ]
    run = RunHead("RUN1", 1, NOON, dt.date(2026, 3, 3), "EUR", 1500)
    text = SepaMaker().write(account(version="03", bic="ndeafihh"), run, items).decode()
    assert "pain.001.001.03" in text and "<BIC>NDEAFIHH</BIC>" in text
    assert f"<IBAN>{OURS}</IBAN>" in text and "<Nm>Aino</Nm>" in text
    told = SepaMaker().read(account(), statement(entry(one_of("P1"))), OURS.__eq__)
    assert SepaMaker().trouble("AC04") is Trouble.ACCOUNT_CLOSED
    assert told.lines[0].mark == "P1"


def test_file_of_thousands_is_read_as_a_whole():
    told = read_bank_file(
        statement("".join(entry(one_of(f"P{n}")) for n in range(5_000))), OURS.__eq__
    )
    assert len({one.ref for one in told.lines}) == 5_000


def test_nothing_is_asked_of_a_bank_one_by_one():
    rail = SepaMaker().open(account())
    assert rail.submit(None).verdict is RailVerdict.RETRY
    assert rail.find(None).verdict is rail.look(None, "x").verdict is RailVerdict.UNKNOWN
    with pytest.raises(CannotList):
        rail.listed(NOON, NOON)


def test_test_mode_draws_on_an_account_that_no_bank_has():
    maker = SepaMaker()
    assert maker.account_name(account(live=False)) == TEST_IBAN
    assert maker.account_name(account(iban="fi21 1234 5600 0007 85")) == OURS
