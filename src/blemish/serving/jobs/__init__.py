"""Jobs: folders and archives through the job folder of `blemish.inspection.job`, with their findings in the store."""
