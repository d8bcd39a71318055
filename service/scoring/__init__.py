"""Stage: how likely a submission is spam, and why; training and measuring the model behind it.

features  submission → columns: one definition for training and serving (pure)
model     the artifact and its thresholds → Score
training  corpora → artifact (scikit-learn, imported nowhere else)
"""
