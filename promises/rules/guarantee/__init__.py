"""Any service guarantee as data: a closed language, read strictly, judged exactly, explained."""
