"""What happens when nobody clicks: deadlines, closing time, payouts, mail, deferred jobs."""
