package answer

// englishPhrases are what is said in English. "*" stands for any word.
var englishPhrases = []entry{
	// Carriers.
	{Announcement, "", 0.9, "the number you have called|the number you are trying|the customer you called|the number you have dialed|the number you dialed|the number you are calling|the subscriber you dialed|the subscriber you have dialed|the subscriber you are calling|the customer you are calling|the wireless customer you|the mobile customer you|the number you have reached|the telephone number you|your call cannot be completed|your call can not be completed|the mobile number you|the telephone you are calling|the phone you are calling"},
	{Announcement, "", 0.6, "the person you called|the person you have called|the person you are trying|the person you're trying|the person you dialed|the party you are calling|we're sorry|the call you have made"},
	{Announcement, "", 0.4, "please try again later|please try your call again|please redial later|please dial again later|please hang up and try|please check the number|try your call again later|please call again later|redial"},
	{Announcement, InvalidNumber, 1, "not been recognised|not recognised|incorrect number|not in service|does not exist|no longer in service|has been disconnected|is disconnected|is not a valid number|has been changed|cannot be completed as dialed|check the number and dial|check the number and try|check it and dial|not a working number|is not assigned|is unallocated|is not recognized|invalid number|is vacant|not in use|is incorrect"},
	{Announcement, PoweredOff, 1, "powered off|switched off|power off|turned off|is off"},
	{Announcement, Suspended, 1, "out of service|has been suspended|is suspended|temporarily suspended|service suspended|temporarily disconnected|service is restricted|been deactivated"},
	{Announcement, InCall, 1, "is in use|currently engaged|is busy|line is busy|currently busy|is engaged|on another call|busy at the moment|busy now|is on the phone|is speaking on|is talking on"},
	{Announcement, Unreachable, 1, "out of coverage|coverage area|out of range|could not be connected|cannot be connected|can not be connected|not reachable|cannot be reached|can not be reached|could not be reached|out of reach|outside the coverage|out of the coverage|out of the service area|is unreachable|currently unreachable|not be reached at|unable to be reached|outside the service area|not within the service area"},
	{Announcement, IncomingBarred, 1, "incoming calls are restricted|incoming calls are barred|barred incoming|does not accept incoming|not accepting calls|restricted incoming|incoming call restriction|does not accept calls|call barring|barring of incoming|not allowed to receive|cannot receive calls|incoming calls are not|calls are restricted|not accepting incoming|calls to this number are barred|cannot accept incoming|restrictions on incoming"},
	{Announcement, MissedCallService, 1.4, "send a text message|receive a message|tell them that you called|message with your number|know that you called|missed call notification|missed call alert|call reminder|notified by text|notify * by text|inform * by text|by short message|by text message|informed by sms|notified by sms|notify * by sms|notified of your call|be informed of your call|told about your call|by sms|via sms|via text message|in a text message|receive a text message"},
	{Announcement, NotAnswered, 1, "does not answer|is not answering|no answer|did not answer|not been answered|is not being answered|there is no reply|no reply from"},
	{Announcement, Declined, 1, "unidentified calls|anonymous calls|rejected the call|declined the call|declined your call|rejected your call|has declined|does not wish to"},
	{Announcement, CircuitsBusy, 1.3, "all circuits are busy|circuits are busy|network is busy|network congestion|lines are busy|cannot be completed at this time|network difficulties|network is congested|heavy calling|technical difficulties|circuits are currently|network is experiencing|no lines available"},
	{Announcement, MailboxFull, 1.8, "mailbox is full|mailbox full|cannot accept any messages|cannot accept any more|can not accept any|memory is full|cannot take any messages|cannot record any|mailbox is currently full|no more messages|mailbox has no space"},
	{waiting, "", 1, "please do not hang up|please don't hang up|please hold on the subscriber|please hold on the person"},

	// Voicemail.
	{Voicemail, "", 1.2, "leave a message|leave your message|leave me a message|leave us a message|leave your name|leave a name|leave a brief message|leave a short message|leave a detailed message|leave your number|after the tone|after the beep|at the tone|at the beep|after the signal|sound of the beep|sound of the tone|voicemail|voice mail|voice mailbox|voice messaging|record your message|recording your message|finished recording|get back to you|return your call|call you back|answering machine|missed your call|can't come to the phone|can't take your call|cannot take your call|can't get to the phone|cannot come to the phone|unable to take your call|unable to answer your|can't answer the phone|can't answer your call|unable to come to the phone|away from my desk|out of the office|wait for the tone|wait for the beep|to leave a callback|do your thing at|you know what to do"},
	{Voicemail, "", 1, "not available right now|is not available to|isn't available to|not available to take|you've got *'s phone|not here right now|can't talk right now|we're not home|nobody is home|nobody's home|not at home|unable to get to|can't pick up|mailbox of|mailbox for|sorry i missed|not available at the moment"},
	{Voicemail, "", 0.8, "you've reached|you have reached"},
	{Voicemail, "", 0.6, "is not available|is unavailable"},
	{promise, "", 1, "the tone|the beep|the signal|a beep|a tone"},

	// Menus.
	{Menu, "", 1.2, "press one|press two|press three|press four|press five|press six|press seven|press eight|press nine|press zero|press star|press pound|press the pound|press hash|press any key|press or say|say or press|dial the extension|enter the extension|enter your|main menu|following options|menu options|listen carefully|party's extension|for english|para espanol|dial one|dial two|dial zero|dial nine|know the extension|know your party|select from the|choose from the|please say the|in a few words|company directory|dial by name|know your party's extension|enter it now|extension number"},
	{Menu, "", 0.6, "thank you for calling|thanks for calling|welcome to|calls may be recorded|call may be recorded|for quality|to speak with|to speak to|for sales|for support|for billing|for all other|operator|representative|customer service|your call is important|to reach the|to reach our|to hear our|for reservations|for appointments|to make an appointment"},

	// A telephone's assistant.
	{Screening, "", 1.2, "virtual receptionist|the reason you're calling|the reason you are calling|you're calling about|text call|show your words|read what you say|what should i tell|screening|call assist|call assistant|virtual assistant|digital assistant|record your name|say your name|state your name|tell me your name|reason for calling|reason for your call|why you're calling|why you are calling|purpose of your call|see if this person|if this person is available|copy of this conversation|before i try to connect|before connecting you|before i connect you|try to connect you|who is calling and why|calling on behalf|answering on behalf|on behalf of|i'll see if they|i'll see if he|i'll see if she|automated assistant|assistant from google|what you're calling about|what you are calling about|answering for"},
	{Screening, "", 0.6, "google|assistant|stay on the line|get a hold of|who's calling please and|they'll get back|take a message for"},

	// Either; it tells only that more may come.
	{apology, "", 1, "sorry"},
	{opening, "", 1, "we're sorry|thank you for calling|thanks for calling|welcome to|this call|your call|the number|the person you|the customer|the subscriber|the mobile|the party|the wireless|in order to|please note|for your|automated|recorded"},
	{naming, "", 1, "this is|my name is|i am"},

	// People.
	{Person, "", 1, "hello|yes|yeah|speaking|yep|yo|go ahead|pardon|what|who|okay|sure|it's me|not interested|no thank you|no thanks"},
	{Person, "", 0.95, "hold on|hang on|one moment|just a second|just a moment|hi|hey|hiya|i'm driving|i'm in a meeting|good morning|good afternoon|good evening|this is|morning|evening"},
	{Person, "", 1.3, "can i call you back|speak up|i can't hear|who is this|who's this|who's calling|who is calling|who am i speaking|who's there|who is it|how can i help|how may i help|what can i do for|what do you want|can you hear me|i'm listening|wrong number|what's up|who are you|do i know you|is that you|what is this about|what's this about|i can't hear you|what is it|who do you want|yes speaking|anyone there|anybody there|are you there"},
}
