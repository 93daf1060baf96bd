"""Many threads with a database connection each."""

import threading


def crowd(app, act, size):
    """Run `act(number)` in `size` threads, each in the application's context; the answers in
    order. The first error of any thread is raised."""
    answers, errors = [None] * size, []

    def run(number):
        try:
            with app.app_context():
                answers[number] = act(number)
        except BaseException as error:  # noqa: BLE001 -- raised below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return answers
